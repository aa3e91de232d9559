#pragma once

#include <QString>

#include <cstdint>

namespace decodescope {

/// Numbers as the window shows them: a decimal point, a real minus sign, a narrow space before the unit.

/// Four significant digits: "−0.1234", "1.2e−07", "−∞", "NaN".
QString shownNumber(double value);
/// "830", "12.3 k", "4.56 M", "1.20 G".
QString shownCount(std::uint64_t count);
/// "850 µs", "1.23 ms", "2.5 s".
QString shownTime(std::uint64_t nanoseconds);
/// "0 %", "<1 %", "37 %", "100 %": of a share 0 … 1.
QString shownPercent(double share);

}  // namespace decodescope
