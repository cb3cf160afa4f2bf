"""Is bytecode the same on every machine? Code that a distribution's build machine froze into an image's interpreter,
against what another machine's interpreter of the same version compiles from the same sources.

CPython 3.11 and later freeze the modules of a start as C structures (Tools/scripts/deepfreeze.py, v3.11.2), made by the
machine that built them: instructions, line tables and exception tables are in the program as they are in a pyc.

    python bench/frozen_code.py oci:IMAGE --platform linux/arm64 --python /usr/bin/python3.11
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lightship.image.views import config_of
from lightship.oci.platform import Platform
from lightship.rootfs.unpack import unpack
from lightship.store.open import locate, open_image

_INSIDE = """
import json, sys, types
from pathlib import Path
program, library = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
names = ("importlib/_bootstrap importlib/_bootstrap_external zipimport abc codecs io _collections_abc _sitebuiltins "
         "genericpath ntpath posixpath os site stat importlib/util importlib/machinery runpy __hello__").split()
count = dict.fromkeys(("modules", "code", "code_found", "lines_found", "exceptions", "exceptions_found"), 0)
for path in filter(Path.is_file, (library / f"{name}.py" for name in names)):
    count["modules"] += 1
    work = [compile(path.read_bytes(), "<frozen>", "exec", dont_inherit=True, optimize=0)]
    while work:
        code = work.pop()
        work += [each for each in code.co_consts if isinstance(each, types.CodeType)]
        count["code"] += 1
        count["code_found"] += code.co_code in program
        count["lines_found"] += code.co_linetable in program
        count["exceptions"] += bool(code.co_exceptiontable)
        count["exceptions_found"] += bool(code.co_exceptiontable) and code.co_exceptiontable in program
count["version"] = sys.version.split()[0]
count["machine"] = int.from_bytes(program[18:20], "little")
print(json.dumps(count))
"""


def main() -> int:
    """Print what was found; 1 when anything is missing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0] if __doc__ else None)
    parser.add_argument("image")
    parser.add_argument("--platform", required=True)
    parser.add_argument("--python", required=True, help="an interpreter of the image's version, of this machine")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="lightship-frozen-") as temporary,
        open_image(locate(given.image), Platform.parse(given.platform)) as image,
    ):
        root = Path(temporary) / "root"
        unpack(image.layers, root)
        (program,) = {path.resolve() for path in root.rglob("bin/python3.*") if _is_program(path)}  # bin is usr/bin
        library = next(root.rglob(f"lib/{program.name}/os.py")).parent
        argv = [given.python, "-c", _INSIDE, str(program), str(library)]
        found = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
        print(f"{config_of(image).platform}: {json.dumps(found)}")
    return int(found["code"] != found["code_found"] or found["code"] != found["lines_found"])


def _is_program(path: Path) -> bool:
    return re.fullmatch(r"python3\.\d+", path.name) is not None and path.is_file() and not path.is_symlink()


if __name__ == "__main__":
    sys.exit(main())
