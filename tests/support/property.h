#pragma once

#include <cstdlib>
#include <gtest/gtest.h>

// RapidCheck's header needs GoogleTest's above it.
#include <rapidcheck/gtest.h>

namespace decodescope::test {

/// RapidCheck draws the same cases in every run, unless RC_PARAMS says otherwise ("seed=… max_success=…").
inline const int kPropertySeed = ::setenv("RC_PARAMS", "seed=20260", 0);

}  // namespace decodescope::test
