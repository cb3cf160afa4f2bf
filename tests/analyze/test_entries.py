from lightship.analyze.entries import DIRECTORY, FILE, SYMLINK, Entries


def test_rows_of_layers_follow_each_other() -> None:
    low, high, all_of_them = Entries(), Entries(), Entries()
    low.add("a", FILE, size=3)
    row = high.add("b", SYMLINK)
    high.link_targets[row] = "a"
    high.xattrs[row] = 2
    low.compressed.append(10)
    high.compressed.append(20)
    assert (all_of_them.extend(low, 0), all_of_them.extend(high, 1)) == (range(1), range(1, 2))
    assert all_of_them.paths == ["a", "b"]
    assert list(all_of_them.layers) == [0, 1]
    assert list(all_of_them.compressed) == [10, 20]
    assert (all_of_them.link_targets, all_of_them.xattrs) == ({1: "a"}, {1: 2})


def test_an_implied_directory_has_no_bytes() -> None:
    entries = Entries()
    row = entries.add_implied("opt", 7)
    assert (entries.kinds[row], entries.layers[row], entries.compressed[row], entries.sizes[row]) == (
        DIRECTORY,
        7,
        0,
        0,
    )


def test_numbers_that_no_column_holds_are_clamped() -> None:
    entries = Entries()
    entries.add("before", FILE, 0o644, 1, 2, 3)
    entries.add("odd", FILE, 0o644, 2**40, -5, 2**70)
    entries.add("after", FILE, 0o644, 4, 5, -6)
    assert list(entries.uids) == [1, 2**32 - 1, 4]
    assert list(entries.gids) == [2, 0, 5]
    assert list(entries.mtimes) == [3, 2**62, -6]
