"""What TensorFlow really runs."""

import re

from tensorflow.python.eager import context


def executed_operations(function, *arguments):
    """Kinds of the operations in the graph that TensorFlow runs, after its optimisations."""
    context.enable_run_metadata()
    try:
        function(*arguments)
        metadata = context.export_run_metadata()
    finally:
        context.disable_run_metadata()
    graphs = [graph for group in metadata.function_graphs for graph in group.partition_graphs]
    names = [node.op for graph in graphs for node in graph.node]
    # oneDNN's own, and those that do the next operation too, are of the same kind.
    return [re.sub("^_(MklNative|Mkl)?(Fused)?", "", name) for name in names]
