"""Runs a network repeatedly, each time only from the layer that changed."""


class Rerun:
    """A functional model on fixed inputs that computes only the layers after a changed one.

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
        self._computed, self._rest = 0, None  # Number of levels whose outputs are in `_values`.

    def output_from(self, layer):
        """The output; the layers before `layer` are not computed again.

        Args:
            layer: A layer of the model. Later calls must not name a layer before it.

        Returns:
            NumPy array.
        """
        start = next(
            level
            for level, nodes in enumerate(self._levels)
            if any(node.operation is layer for node in nodes)
        )
        if start < self._computed:
            raise ValueError(f"{layer.name!r} comes before layers whose outputs are final.")
        if self._rest is None or start > self._computed:
            self._values = self._run(self._values, self._computed, start)
            self._computed, self._rest = start, self._compiled(start)
        return self._rest(self._values).numpy()

    def _compiled(self, start):
        import tensorflow as tf

        # The function is traced once for all ranges that are tried, so that TensorFlow merges
        # passes over memory.
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
