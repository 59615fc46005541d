"""A payment by ctypes. Arguments: the library's file, the installation's folder."""
import ctypes
import sys
from ctypes import c_char_p, c_int32, c_int64, c_uint32, c_void_p, byref

lib = ctypes.CDLL(sys.argv[1])
lib.pr_open.argtypes = [c_int32, c_char_p, c_char_p, c_uint32, ctypes.POINTER(c_int32)]
lib.pr_start.argtypes = [c_int32, c_char_p, c_char_p, c_int64, c_char_p, c_char_p, ctypes.POINTER(c_int32)]
lib.pr_poll.argtypes = [c_int32, c_int32, ctypes.POINTER(c_int32), ctypes.POINTER(c_int32)]
lib.pr_str.argtypes = [c_int32, c_char_p, c_char_p, c_int32]
lib.pr_int.argtypes = [c_int32, c_char_p, ctypes.POINTER(c_int64)]
callback_type = ctypes.CFUNCTYPE(None, c_void_p, c_int32, c_int32, c_int32)
lib.pr_set_callback.argtypes = [c_int32, callback_type, c_void_p]

host, op, ev, ident, value = c_int32(), c_int32(), c_int32(), c_int32(), c_int64()
assert lib.pr_open(0x00010000, sys.argv[2].encode(), b"py", 0, byref(host)) == 0
assert lib.pr_start(host, b"sendy", b"pay.online", 12345, b"py-1", None, byref(op)) == 0
while lib.pr_poll(op, 10000, byref(ev), byref(ident)) == 2:
    pass
assert lib.pr_outcome(op) == 0
buf = ctypes.create_string_buffer(64)
assert lib.pr_str(op, b"payer", buf, 64) == 9 and buf.value == b"13****68"
assert lib.pr_int(op, b"approved_amount", byref(value)) == 0 and value.value == 12345

seen = []
keep = callback_type(lambda user, o, event, i: seen.append(event))
assert lib.pr_set_callback(host, keep, None) == 0
assert lib.pr_start(host, b"sendy", b"pay.online", 100, b"py-2", None, byref(op)) == 0
assert lib.pr_poll(op, 10000, None, None) == 3
assert lib.pr_outcome(op) == 0 and 1 in seen, seen
assert lib.pr_close(host) == 0
