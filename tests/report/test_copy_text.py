from lightship.flows.copied import CopiedLayer, CopyOutcome, copy_report
from lightship.report.copy_text import render_copy
from lightship.store.recompress import How


def layer(number: int, how: How, compressed_bytes: int) -> CopiedLayer:
    return CopiedLayer(
        platform="linux/amd64",
        source_digest=f"sha256:{number:064}",
        source_compressed_bytes=2_000_000,
        digest=f"sha256:{number + (how != 'kept') * 100:064}",
        diff_id=f"sha256:{number:064}",
        media_type="application/vnd.oci.image.layer.v1.tar+zstd",
        compression="zstd",
        compressed_bytes=compressed_bytes,
        how=how,
    )


def outcome(*layers: CopiedLayer, digest: str = "sha256:b", moved_bytes: int = 0) -> CopyOutcome:
    return CopyOutcome(
        source="oci:here",
        destination="docker://there.example/a:1",
        digest=digest,
        source_digest="sha256:a",
        compression="zstd",
        platforms=("linux/amd64",),
        layers=layers,
        moved_bytes=moved_bytes,
        seconds={"open": 0.5, "write": 2.0},
    )


def test_what_was_done_and_what_it_weighs() -> None:
    made = outcome(
        layer(1, "kept", 2_000_000), layer(2, "made", 1_000_000), layer(3, "cached", 1_000_000), moved_bytes=10
    )
    text = render_copy(copy_report(made))
    assert text.splitlines() == [
        "oci:here to docker://there.example/a:1",
        "linux/amd64, 3 layers: 1 unchanged, 1 compressed before, 1 compressed",
        "6.00 MB in layers before, 4.00 MB after (0.67x), 10 B moved",
        "open 0.50 s  write 2.00 s",
    ]


def test_a_copy_that_changes_nothing_says_so() -> None:
    same = outcome(layer(1, "kept", 2_000_000), digest="sha256:a", moved_bytes=2_000_000)
    text = render_copy(copy_report(same))
    assert "linux/amd64, 1 layer: 1 unchanged" in text
    assert "2.00 MB in layers, 2.00 MB moved\nthe digest is the source's\n" in text


def test_a_layer_that_images_share_counts_once() -> None:
    shared = layer(1, "kept", 2_000_000)
    made = outcome(shared, shared)
    assert (made.compressed_bytes, made.source_compressed_bytes, made.layers_kept) == (2_000_000, 2_000_000, 1)


def test_every_layer_is_told_when_asked() -> None:
    text = render_copy(copy_report(outcome(layer(1, "kept", 2_000_000), layer(2, "made", 1_000_000))), verbose=True)
    assert f"sha256:{102:064}  2.00 MB  1.00 MB  compressed" in text
