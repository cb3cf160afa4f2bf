"""Every recogniser, in the order in which their claims count: a distribution's package manager knows best what is its
own, and a package inside another's files is told of as being within it."""

from lightship.ecosystem.apk import ApkRecogniser
from lightship.ecosystem.conda import CondaRecogniser
from lightship.ecosystem.dpkg.recogniser import DpkgRecogniser
from lightship.ecosystem.go import GoRecogniser
from lightship.ecosystem.inventory import Recogniser
from lightship.ecosystem.node import NodeRecogniser
from lightship.ecosystem.python.recogniser import PythonRecogniser
from lightship.ecosystem.rpm import RpmRecogniser
from lightship.ecosystem.rust import RustRecogniser

__all__ = ["RECOGNISERS"]

RECOGNISERS: tuple[Recogniser, ...] = (
    DpkgRecogniser(),
    ApkRecogniser(),
    RpmRecogniser(),
    CondaRecogniser(),
    PythonRecogniser(),
    NodeRecogniser(),
    GoRecogniser(),
    RustRecogniser(),
)
