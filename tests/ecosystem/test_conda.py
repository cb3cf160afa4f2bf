import json

from tests.ecosystem.viewing import found_in

from lightship.ecosystem.conda import CondaRecogniser


def test_an_environments_packages() -> None:
    document = {
        "name": "numpy",
        "version": "1.26",
        "files": ["lib/a.so", "bin/f2py"],
        "depends": ["python >=3.11,<3.12.0a0", "libblas"],
        "requested_spec": "numpy",
    }
    place = "opt/conda/conda-meta"
    found, problems = found_in(
        CondaRecogniser(),
        {
            f"{place}/numpy-1.26-0.json": json.dumps(document).encode(),
            f"{place}/bad.json": b'{"name": 1',
            f"{place}/list.json": b"[]",
            "etc/other.json": b"{}",
        },
    )
    assert tuple(found["numpy"].paths) == (
        "opt/conda/lib/a.so", "opt/conda/bin/f2py", f"{place}/numpy-1.26-0.json",
    )  # fmt: skip
    assert found["numpy"].requires == (("python",), ("libblas",))
    assert found["numpy"].requested is True
    assert problems == [f"{place}/bad.json", f"{place}/list.json"]
