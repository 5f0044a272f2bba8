"""How close generated images are to real ones, as metrics of Keras that stream: the measures of
`tfdeepsim.fidelity` for `metrics=[...]` of any model."""
