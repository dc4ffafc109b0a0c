// The part of OpenBLAS that swift-distill calls: CBLAS and OpenBLAS's own thread control.
#pragma once
#include <cblas.h>
