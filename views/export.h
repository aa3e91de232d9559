#pragma once

#include "core/base/result.h"
#include "views/view.h"

#include <QByteArray>
#include <QImage>
#include <QSize>
#include <QString>

#include <optional>

namespace decodescope {

enum class ExportFormat { png, svg, pdf, csv, npy };

/// "png", "SVG" …; nothing when it is none of ours.
std::optional<ExportFormat> exportFormatOf(const QString& suffix);
QString suffixOf(ExportFormat format);

/// No picture is wider or higher than this, in dots.
inline constexpr int kLargestFigureSide = 16384;

/// How large a figure is. One unit of the painter is one dot.
struct FigureSize {
  QSize dots;
  double scale = 1;  ///< Theme::scale, so that labels come out right
  double dpi = 96;
  double widthMm = 0;  ///< as asked for; 0: the size was given in pixels
  double fontPt = 0;
};
FigureSize figureInPixels(const QSize& size, double scale = 1);
/// Labels of fontPt points in a figure widthMm wide, three quarters as high.
FigureSize figureInMillimetres(double widthMm, double fontPt, double dpi);

/// The view as it stands, painted on an image.
QImage paintedImage(View& view, const FigureSize& figure, bool dark);

/// Tables as comma-separated values (RFC 4180): `# command`, then each table with its name, its column labels
/// above and its row labels in front. Floats in the shortest form that reads back exactly; NaN is an empty
/// cell.
QByteArray csvText(const std::vector<NamedTable>& tables, const QString& command);

/// Writes what the view shows. The file is complete or absent. SVG and PDF hold text as text; each format
/// carries the command: PNG, SVG and PDF in their metadata, CSV in a comment, NPY in FILE.json beside it,
/// with labels. NPY holds the first table; further ones go to FILE.NAME.npy. No date is written: the same
/// call makes the same file.
Result<void> exportView(View& view, ExportFormat format, const QString& path, const FigureSize& figure,
                        bool dark, const QString& command);

}  // namespace decodescope
