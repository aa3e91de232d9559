#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace decodescope {

/// The value of an expression of decimal numbers, names, + - * / ( ), sqrt(x) and min(x, y), with the usual
/// precedence: what Python reads the same way. Nothing when it is not one, or a name has no value.
std::optional<double> evaluateArithmetic(
    std::string_view expression, const std::function<std::optional<double>(std::string_view)>& valueOf);

/// The same as mathematicians write it (· − √), each name as `textOf` says.
std::string writtenArithmetic(std::string_view expression,
                              const std::function<std::string(std::string_view)>& textOf);

/// A number for such a text: whole ones with all their digits ("180,388,626,432"), others with six.
std::string arithmeticNumber(double value);

}  // namespace decodescope
