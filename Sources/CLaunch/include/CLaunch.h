#ifndef CLAUNCH_H
#define CLAUNCH_H

/// The exit status where the address space has no room for OpenBLAS: EX_UNAVAILABLE of sysexits.h.
enum { LAUNCH_UNAVAILABLE = 69 };

#endif
