"""The operations that a function of TensorFlow must run."""

from collections.abc import Iterable


def needed_operations(function, *arguments):
    """Types of the operations that the results and side effects of a `tf.function` depend on.

    TensorFlow drops the others before it runs the graph, at different times on different machines;
    so they are left out here instead of being looked for in what was run.
    """
    graph = function.get_concrete_function(*arguments).graph
    definition = graph.as_graph_def()
    functions = {nested.signature.name: nested for nested in definition.library.function}
    ends = [
        *(tensor.op.name for tensor in graph.outputs),
        *(op.name for op in graph.control_outputs),
    ]
    return list(_reached(definition.node, ends, functions))


def _reached(nodes, ends, functions) -> Iterable[str]:
    """Types of the nodes that `ends` depend on, and of those in functions that these call."""
    by_name = {node.name: node for node in nodes}
    waiting, seen = list(ends), set()
    while waiting:
        # "name:0"; "name:output:0" inside functions; "^name" for a control dependency.
        name = waiting.pop().removeprefix("^").partition(":")[0]
        # Arguments of functions are no nodes.
        if name in seen or name not in by_name:
            continue
        seen.add(name)
        node = by_name[name]
        yield node.op
        waiting += node.input
        for called in _called(node):
            nested = functions[called]
            yield from _reached(
                nested.node_def, [*nested.ret.values(), *nested.control_ret.values()], functions
            )


def _called(node):
    """Names of the functions that a call, a loop or a branch runs."""
    for attribute in node.attr.values():
        found = [attribute.func] if attribute.HasField("func") else attribute.list.func
        yield from (function.name for function in found)
