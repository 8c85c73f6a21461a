"""Streamed pairs give the patches that the same folder gives in memory, and each file its turn."""

import gc
import threading

import keras
import numpy as np
import pytest

from keras_pisr.data import (
    DevicePatches,
    ImagePairs,
    PatchSequence,
    StreamedPairs,
    cut_patches,
    downscale,
    tf_patches,
    write_image,
)
from keras_pisr.data.pairs.streamed_file import FileCutter
from tests.data.pairs.streamed import FEW, OPTIONS, assert_equal, streamed, tables
from tests.distillers.small import stage_1


def batches(sampler, epochs=4):
    return [sampler.batch(e, s) for e in range(epochs) for s in range(sampler.steps_per_epoch)]


@pytest.mark.parametrize("detail", [0.0, 1.0])
def test_patches_are_those_of_the_set_in_memory(folder, in_memory, detail):
    sampler = streamed(folder).sampler(**OPTIONS, detail=detail)
    for epoch in range(3):
        for step in range(3):
            table = sampler.draw(epoch, step)
            assert table.shape == (5, 4) and table.dtype == np.int32
            assert_equal(sampler.batch(epoch, step), cut_patches(in_memory, table, 4))
    assert len({*tables(sampler)[:, 3].tolist()}) > 4


@pytest.mark.parametrize("border", ["replicate", "mirror"])
def test_so_they_are_in_other_sizes_and_at_other_borders(folder, border):
    pairs = ImagePairs.from_folder(folder, scale=3, border=border)
    pairs = ImagePairs.join([pairs, pairs.resized(0.8)])
    other = StreamedPairs(folder, scale=3, border=border, **FEW)
    other = StreamedPairs.join([other, other.resized(0.8)])
    sampler = other.sampler(**OPTIONS | {"patch": 12})
    for step in range(6):
        table = sampler.draw(0, step)
        assert_equal(sampler.batch(0, step), cut_patches(pairs, table, 4))
    for index in (0, 8, 15):
        assert_equal(other.image(index), pairs.image(index))


@pytest.mark.parametrize("whole", [True, False])
def test_nor_does_it_matter_whether_the_image_is_shrunk_whole(
    folder, in_memory, monkeypatch, whole
):
    monkeypatch.setattr(FileCutter, "_covers", lambda self, hr: whole)
    for degrade in (None, "jpeg:60", "blur:1"):
        sampler = streamed(folder, degrade=degrade).sampler(**OPTIONS, detail=1.0)
        table = sampler.draw(0, 0)
        assert_equal(sampler.batch(0, 0), cut_patches(in_memory.degraded(degrade), table, 4))


def test_low_resolution_files_are_read(folder, in_memory, tmp_path):
    for i in range(8):
        lr, _ = in_memory.image(i)
        write_image(tmp_path / f"{i}x2.png", 255 - lr)
    other = streamed(folder, lr_dir=tmp_path)
    pairs = ImagePairs.from_folder(folder, lr_dir=tmp_path, scale=2)
    sampler = other.sampler(**OPTIONS)
    assert_equal(sampler.batch(0, 0), cut_patches(pairs, sampler.draw(0, 0), 4))
    assert_equal(other.image(3), pairs.image(3))
    with pytest.raises(ValueError, match="leave out those"):
        other.degraded("blur")


@pytest.mark.parametrize("degrade", ["blur:1", "jpeg:40", "blur:0.8+jpeg:50"])
def test_they_are_degraded_as_in_memory(folder, in_memory, degrade):
    for detail in (0.0, 1.0):
        sampler = streamed(folder, degrade=degrade).sampler(**OPTIONS, detail=detail)
        table = sampler.draw(0, 1)
        wanted = cut_patches(in_memory.degraded(degrade), table, 4)
        assert_equal(sampler.batch(0, 1), wanted)
    clean = streamed(folder).sampler(**OPTIONS, detail=1.0).draw(0, 1)
    np.testing.assert_array_equal(table, clean)


def test_a_seed_gives_the_same_batches_and_another_epoch_other_ones(folder):
    pairs = streamed(folder, degrade="noise:9")
    first = batches(pairs.sampler(**OPTIONS))
    for one, other in zip(first, batches(pairs.sampler(**OPTIONS)), strict=True):
        assert_equal(one, other)
    others = [batches(pairs.sampler(**OPTIONS | {"seed": 8}))[0], first[3]]
    assert all((first[0][0] != other[0]).any() for other in others)


def test_any_batch_can_be_had_without_those_before_it(folder):
    # So can a killed run go on, at any step.
    whole = batches(streamed(folder).sampler(**OPTIONS))
    for step in (11, 4, 7, 0):
        epoch, within = divmod(step, 3)
        assert_equal(streamed(folder).sampler(**OPTIONS).batch(epoch, within), whole[step])
    sampler = streamed(folder).sampler(**OPTIONS)
    assert_equal(sampler.batch(3, 2), whole[11])
    assert_equal(sampler.batch(0, 0), whole[0])


def test_each_image_gives_its_patches_once_a_pass(folder):
    sampler = streamed(folder).sampler(**OPTIONS | {"batch_size": 6, "steps_per_epoch": 1})
    # Blocks of 3 images, passes of 8: three passes are eight blocks.
    counts = [np.bincount(tables(sampler, 8)[:, 0], minlength=8)]
    assert counts[0].tolist() == [6] * 8
    numbers = np.concatenate([sampler.numbers(block) for block in range(8)]).reshape(3, 8)
    assert all(sorted(turn) == list(range(8)) for turn in numbers.tolist())
    assert len({tuple(turn) for turn in numbers.tolist()}) == 3
    ordered = streamed(folder).sampler(**OPTIONS, shuffle=False, augment=False)
    table = np.concatenate([ordered.draw(0, step) for step in range(3)])
    assert table[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7]
    assert not table[:, 3].any()


def test_workers_share_the_images_of_a_pass(folder):
    options = OPTIONS | {"batch_size": 2, "steps_per_epoch": 1}
    samplers = [streamed(folder).shard(k, 3).sampler(**options) for k in range(3)]
    seen = []
    for turn in range(4):
        # Of 8 images two each; one block of two is a pass.
        parts = [set(sampler.numbers(turn).tolist()) for sampler in samplers]
        assert [len(part) for part in parts] == [2, 2, 2]
        assert len(set.union(*parts)) == 6
        seen += set.union(*parts)
    assert set(seen) == set(range(8))
    assert (samplers[0].batch(0, 0)[0] != samplers[1].batch(0, 0)[0]).any()
    with pytest.raises(ValueError, match="worker from 0 to 2; got 3"):
        streamed(folder).shard(3, 3)
    with pytest.raises(ValueError, match="each of 9 shards; got 8"):
        streamed(folder).shard(0, 9).sampler(**OPTIONS)


def test_images_held_out_are_read_into_memory(folder, in_memory):
    kept, apart = streamed(folder).split(-2)
    assert (len(kept), len(apart)) == (6, 2)
    pairs = apart.in_memory()
    assert pairs.names == ("6.png", "7.png") and pairs.gray.tolist() == [False, True]
    for index in range(2):
        assert_equal(pairs.image(index), in_memory.image(6 + index))
        assert_equal(apart.image(index), in_memory.image(6 + index))
    assert str(apart.degraded("jpeg:40").in_memory().degrade) == "jpeg:40"
    for at in (0, 8, -8):
        with pytest.raises(ValueError, match="leaves one part empty"):
            streamed(folder).split(at)


@pytest.mark.core
def test_feeds_take_streamed_pairs(folder):
    sampler = streamed(folder).sampler(**OPTIONS)
    sequence = PatchSequence(streamed(folder), first_epoch=1, **OPTIONS)
    for step in range(3):
        assert_equal(sequence[step], sampler.batch(1, step))
    with pytest.raises(ValueError, match=r"got StreamedPairs\(8 files, scale=2\). Use PatchSeq"):
        DevicePatches(streamed(folder), **OPTIONS)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.data is TensorFlow's")
def test_tf_data_takes_them_alone_and_in_shards(folder):
    import tensorflow as tf

    sampler = streamed(folder).sampler(**OPTIONS)
    dataset = tf_patches(streamed(folder), first_epoch=2, **OPTIONS)
    for epoch in (2, 3):
        for step, batch in enumerate(dataset):
            assert_equal(batch, sampler.batch(epoch, step))
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    shares = strategy.distribute_datasets_from_function(
        lambda context: tf_patches(
            streamed(folder).shard(context.input_pipeline_id, context.num_input_pipelines),
            **OPTIONS | {"batch_size": context.get_per_replica_batch_size(5)},
        )
    )
    with strategy.scope():
        trainer = stage_1()
        trainer.compile("sgd", loss="mae")
    history = trainer.fit(shares, epochs=2, shuffle=False, verbose=0).history
    assert len(history["loss"]) == 2
    # A distiller takes nothing before its first epoch.
    assert_equal(next(iter(shares)), sampler.batch(2, 0))


def test_threads_end_with_the_sampler(folder):
    def ours():
        return [t for t in threading.enumerate() if t.name.startswith("streamed pairs")]

    gc.collect()
    before = ours()
    sampler = streamed(folder).sampler(**OPTIONS)
    sampler.batch(0, 0)
    new = [thread for thread in ours() if thread not in before]
    assert len(new) == 2
    del sampler
    gc.collect()
    for thread in new:
        thread.join(5)
        assert not thread.is_alive()


def test_an_image_read_now_is_in_register(folder, in_memory):
    lr, hr = streamed(folder).image(7)
    assert lr.shape == (9, 9, 1) and hr.shape == (18, 18, 1)
    np.testing.assert_array_equal(lr, downscale(hr, 2))
