"""Which packages of Debian a Python package needs beside its wheel: told by its name, since no lock says it.

Only what a wheel does *not* bring along is here: libraries that are loaded by name at run time (``ctypes``,
``dlopen``), programs that are started, and, for packages that are compiled, headers and libraries. Names are those of
Debian 12 (bookworm); each row says where its fact is from. Read November 2026.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lightship.facts.development_packages import LIBRARY_OF

__all__ = ["NO_LINUX_WHEELS", "TABLE", "SystemNeed", "build_needs", "runtime_needs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemNeed:
    """``package`` needs the Debian packages ``runtime`` in the image, and ``build`` where it is compiled.
    ``compiled_only``: only an installation from an sdist needs any of them. ``program``: they are programs that are
    started when a function is called, so that a package that nobody imports needs none. ``why`` is for a comment,
    ``source`` its proof."""

    package: str
    runtime: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    compiled_only: bool = False
    program: bool = False
    why: str
    source: str


def _runs(package: str, runtime: str, why: str, source: str) -> SystemNeed:
    program = why.startswith("starts ")
    return SystemNeed(package=package, runtime=tuple(runtime.split()), program=program, why=why, source=source)


def _compiles(package: str, build: str, source: str, *, runtime: str | None = None) -> SystemNeed:
    """``runtime`` where it is not just the libraries of all headers."""
    headers = tuple(build.split())
    libraries = [LIBRARY_OF[name] for name in headers if name in LIBRARY_OF]
    return SystemNeed(
        package=package, runtime=tuple(libraries if runtime is None else runtime.split()), build=headers,
        compiled_only=True, why=f"compiled against {headers[0]}", source=source,
    )  # fmt: skip


_PANGO = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
_GITHUB = "https://github.com/"

TABLE: tuple[SystemNeed, ...] = (
    _runs("python-magic", "libmagic1", "loads libmagic.so.1", _GITHUB + "ahupp/python-magic#installation"),
    _runs("weasyprint", _PANGO, "loads Pango and HarfBuzz", "https://doc.courtbouillon.org/weasyprint/stable/first_steps.html"),
    _runs("opencv-python", "libgl1 libglib2.0-0", "links libGL and GLib; opencv-python-headless does not",
          _GITHUB + "opencv/opencv-python#installation-and-usage"),
    _runs("opencv-contrib-python", "libgl1 libglib2.0-0", "links libGL and GLib; the headless package does not",
          _GITHUB + "opencv/opencv-python#installation-and-usage"),
    _runs("pdf2image", "poppler-utils", "starts pdftoppm", _GITHUB + "Belval/pdf2image#how-to-install"),
    _runs("pytesseract", "tesseract-ocr", "starts tesseract", _GITHUB + "madmaze/pytesseract#installation"),
    _runs("ocrmypdf", "ghostscript tesseract-ocr", "starts gs and tesseract",
          "https://ocrmypdf.readthedocs.io/en/latest/installation.html"),
    _runs("pydub", "ffmpeg", "starts ffmpeg", _GITHUB + "jiaaro/pydub#getting-ffmpeg-set-up"),
    _runs("ffmpeg-python", "ffmpeg", "starts ffmpeg", _GITHUB + "kkroening/ffmpeg-python#installing-ffmpeg"),
    _runs("openai-whisper", "ffmpeg", "starts ffmpeg", _GITHUB + "openai/whisper#setup"),
    _runs("pyzbar", "libzbar0", "loads libzbar.so.0", _GITHUB + "NaturalHistoryMuseum/pyzbar#installation"),
    _runs("soundfile", "libsndfile1", "loads libsndfile.so.1 where its wheel has none",
          "https://python-soundfile.readthedocs.io/en/latest/#installation"),
    _runs("sounddevice", "libportaudio2", "loads libportaudio.so.2",
          "https://python-sounddevice.readthedocs.io/en/latest/installation.html"),
    _runs("cairocffi", "libcairo2", "loads libcairo.so.2", "https://doc.courtbouillon.org/cairocffi/stable/overview.html"),
    _runs("cairosvg", "libcairo2", "loads libcairo.so.2", "https://cairosvg.org/documentation/"),
    _runs("pyenchant", "libenchant-2-2", "loads libenchant-2.so.2", "https://pyenchant.github.io/pyenchant/install.html"),
    _runs("pypandoc", "pandoc", "starts pandoc", _GITHUB + "JessicaTegner/pypandoc#installation"),
    _runs("graphviz", "graphviz", "starts dot", "https://graphviz.readthedocs.io/en/stable/#installation"),
    _runs("gitpython", "git", "starts git", "https://gitpython.readthedocs.io/en/stable/intro.html#requirements"),
    _runs("pyodbc", "unixodbc", "loads drivers through odbcinst.ini", _GITHUB + "mkleehammer/pyodbc/wiki/Install"),
    _compiles("psycopg2", "libpq-dev", "https://www.psycopg.org/docs/install.html"),
    _compiles("mysqlclient", "default-libmysqlclient-dev pkg-config",
              _GITHUB + "PyMySQL/mysqlclient#linux"),
    _compiles("python-ldap", "libldap2-dev libsasl2-dev",
              "https://www.python-ldap.org/en/latest/installing.html"),
    _compiles("xmlsec", "libxmlsec1-dev pkg-config", _GITHUB + "xmlsec/python-xmlsec#install"),
    _compiles("pygraphviz", "libgraphviz-dev pkg-config", runtime="graphviz", source="https://pygraphviz.github.io/documentation/stable/install.html"),
    _compiles("pycairo", "libcairo2-dev pkg-config", "https://pycairo.readthedocs.io/en/latest/getting_started.html"),
    _compiles("gmpy2", "libgmp-dev libmpfr-dev libmpc-dev",
              "https://gmpy2.readthedocs.io/en/latest/install.html"),
    _compiles("pyaudio", "portaudio19-dev", "https://people.csail.mit.edu/hubert/pyaudio/"),
    _compiles("pymssql", "freetds-dev", "https://pymssql.readthedocs.io/en/latest/building_and_developing.html"),
    _compiles("gdal", "libgdal-dev", "https://gdal.org/en/stable/api/python_bindings.html"),
    _compiles("pycurl", "libcurl4-openssl-dev libssl-dev", runtime="libcurl4", source="http://pycurl.io/docs/latest/install.html"),
    _compiles("h5py", "libhdf5-dev pkg-config", "https://docs.h5py.org/en/stable/build.html"),
    _compiles("lxml", "libxml2-dev libxslt1-dev", "https://lxml.de/installation.html"),
    _compiles("cryptography", "libssl-dev pkg-config cargo", "https://cryptography.io/en/latest/installation/"),
    _compiles("pillow", "libjpeg62-turbo-dev zlib1g-dev", runtime="libjpeg62-turbo", source="https://pillow.readthedocs.io/en/stable/installation/building-from-source.html"),
)  # fmt: skip
"""Whether a package has a wheel is not said here: the lock does. psycopg2, mysqlclient, python-ldap, pygraphviz, pycurl
and gdal publish none for Linux, and are then compiled although a requirements.txt does not show it."""

NO_LINUX_WHEELS = frozenset(("gdal", "mysqlclient", "psycopg2", "pygraphviz", "pyaudio", "python-ldap", "uwsgi"))
"""Packages without a wheel for Linux in any version of 2025 or 2026 that their documents speak of."""


def runtime_needs(packages: Collection[str], sdist_only: Collection[str]) -> Iterator[SystemNeed]:
    """Rows with run-time packages that apply to an installation of ``packages``; programs among them."""
    return (each for each in _applying(packages, sdist_only) if each.runtime)


def build_needs(packages: Collection[str], sdist_only: Collection[str]) -> Iterator[SystemNeed]:
    """Rows with packages that compiling needs."""
    return (each for each in _applying(packages, sdist_only) if each.build)


def _applying(packages: Collection[str], sdist_only: Collection[str]) -> Iterator[SystemNeed]:
    for need in TABLE:
        compiled = need.package in sdist_only or need.package in NO_LINUX_WHEELS
        if need.package in packages and (compiled or not need.compiled_only):
            yield need
