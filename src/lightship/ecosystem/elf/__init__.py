"""ELF: what a program or shared object is, what it asks the loader for, and how to take its debug symbols away."""

from lightship.ecosystem.elf.layout import Buffer
from lightship.ecosystem.elf.read import MACHINES, ElfFile, is_elf, read_elf

__all__ = ["MACHINES", "Buffer", "ElfFile", "is_elf", "read_elf"]
