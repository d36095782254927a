#!/usr/bin/python3
"""Stands in front of systemd in a machine of the tests, and has the kernel refuse every mount from here on."""
import ctypes
import os
import platform
import struct
import sys

EACCES = 13
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
NOSUID_NODEV_NOEXEC = 14

# mount and pivot_root; then open_tree, move_mount, fsopen, mount_setattr, which all architectures number alike.
calls = {"x86_64": [165, 155], "aarch64": [40, 41]}[platform.machine()] + [428, 429, 430, 442]

rules = [(LOAD, 0, 0, 0)]
rules += [(JUMP_IF_EQUAL, len(calls) - place, 0, call) for place, call in enumerate(calls)]
rules += [(RETURN, 0, 0, SECCOMP_RET_ALLOW), (RETURN, 0, 0, SECCOMP_RET_ERRNO | EACCES)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


libc = ctypes.CDLL(None, use_errno=True)
# systemd does not start without it, and LXC allows it.
os.makedirs("/run/lock", exist_ok=True)
if libc.mount(b"tmpfs", b"/run/lock", b"tmpfs", NOSUID_NODEV_NOEXEC, None) != 0:
    sys.exit("/run/lock cannot be mounted")
program = Program(len(rules), ctypes.cast(code, ctypes.c_void_p))
if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
    sys.exit("the filter is refused")
os.execv("/usr/lib/systemd/systemd.real", ["/usr/lib/systemd/systemd", *sys.argv[1:]])
