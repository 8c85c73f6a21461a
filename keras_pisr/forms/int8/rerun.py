"""Running a network again and again from where it changed."""


class Rerun:
    """A functional model on fixed inputs, of which only what follows a changed layer is computed.

    Outputs that no later layer reads are dropped, so memory holds only those that are still needed.

    Args:
        model: A functional Keras model with one input and one output. TensorFlow only.
        inputs: Its input, `(batch, ...)`.

    Example:
        >>> run = Rerun(model, images)  # doctest: +SKIP
        >>> output = run.output_from(layer)  # doctest: +SKIP
    """

    def __init__(self, model, inputs):
        import tensorflow as tf

        by_depth = sorted(model._nodes_by_depth.items(), reverse=True)
        self._levels = [[node for node in nodes if not node.is_input] for _, nodes in by_depth]
        self._output = id(model.outputs[0])
        self._last_read = {self._output: len(self._levels)}
        for level, nodes in enumerate(self._levels):
            for node in nodes:
                self._last_read |= {id(x): level for x in node.input_tensors}
        self._last_read[self._output] = len(self._levels)
        self._values = {id(model.inputs[0]): tf.convert_to_tensor(inputs)}
        self._computed, self._rest = 0, None  # So many levels are behind `_values`.

    def output_from(self, layer):
        """The output, all up to `layer` as it was when it was computed first.

        Args:
            layer: A layer of the model; in later calls never one that comes before it.

        Returns:
            NumPy array.
        """
        start = next(
            level
            for level, nodes in enumerate(self._levels)
            if any(node.operation is layer for node in nodes)
        )
        if start < self._computed:
            raise ValueError(f"{layer.name!r} comes before what was computed for good.")
        if self._rest is None or start > self._computed:
            self._values = self._run(self._values, self._computed, start)
            self._computed, self._rest = start, self._compiled(start)
        return self._rest(self._values).numpy()

    def _compiled(self, start):
        import tensorflow as tf

        # Traced once for all ranges that are tried: TensorFlow then merges passes over memory.
        @tf.function(autograph=False)
        def rest(values):
            return self._run(values, start, len(self._levels))[self._output]

        return rest

    def _run(self, values, start, end):
        values = dict(values)
        for level in range(start, end):
            for node in self._levels[level]:
                arguments, keywords = node.arguments.fill_in(values)
                values[id(node.outputs[0])] = node.operation(*arguments, **keywords)
            values = {x: value for x, value in values.items() if self._last_read[x] > level}
        return values
