"""Builds programs for the RISC-V machine from C, C++ and Zig, with the Zig toolchain (PyPI: ziglang).

The toolchain carries clang, a linker and the sources of the musl C library and of libc++. These are compiled for
the machine by the first build and kept in the toolchain's own cache: a first build takes a minute, or two in C++, and
later ones a fraction of a second.
"""
