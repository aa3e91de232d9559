#include "views/export.h"

#include <QBuffer>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMarginsF>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QRegularExpression>
#include <QSaveFile>
#include <QSvgGenerator>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <memory>

namespace decodescope {
namespace {

constexpr const char* kCreator = "Decodescope";

Error fileError(const QString& path, const char* what, const QString& found) {
  Error error;
  error.file = path.toStdString();
  error.what = what;
  error.found = found.toStdString();
  return error;
}

Result<void> writeFile(const QString& path, const QByteArray& bytes) {
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
    return fileError(path, "cannot be written", file.errorString());
  return {};
}

Theme themeOf(const FigureSize& figure, bool dark) {
  Theme theme = dark ? Theme::makeDark(figure.scale) : Theme::makeLight(figure.scale);
  theme.grows = figure.fontPt == 0;
  return theme;
}

void paintInto(QPaintDevice& device, View& view, const FigureSize& figure, bool dark) {
  QPainter painter(&device);
  view.paint(painter, QRectF(QPointF(0, 0), QSizeF(figure.dots)), themeOf(figure, dark));
}

Result<QByteArray> pngBytes(View& view, const FigureSize& figure, bool dark, const QString& command) {
  QImage image = paintedImage(view, figure, dark);
  if (image.isNull()) {
    Error error;
    error.what = "is too large a picture";
    error.found =
        std::to_string(figure.dots.width()) + "x" + std::to_string(figure.dots.height()) + " pixels";
    return error;
  }
  image.setText(QStringLiteral("Software"), QLatin1String(kCreator));
  image.setText(QStringLiteral("Description"), command);
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  image.save(&buffer, "PNG");
  return bytes;
}

QByteArray svgBytes(View& view, const FigureSize& figure, bool dark, const QString& command) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QSvgGenerator generator;
  generator.setOutputDevice(&buffer);
  generator.setResolution(static_cast<int>(std::lround(figure.dpi)));
  generator.setSize(figure.dots);
  generator.setViewBox(QRect(QPoint(0, 0), figure.dots));
  // Qt writes both as they are.
  generator.setTitle(view.description().toHtmlEscaped());
  generator.setDescription(command.toHtmlEscaped());
  paintInto(generator, view, figure, dark);
  return bytes;
}

QByteArray pdfBytes(View& view, const FigureSize& figure, bool dark, const QString& command) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QPdfWriter writer(&buffer);
  writer.setResolution(static_cast<int>(std::lround(figure.dpi)));
  const QSizeF points(figure.dots.width() * 72.0 / figure.dpi, figure.dots.height() * 72.0 / figure.dpi);
  writer.setPageSize(QPageSize(points, QPageSize::Point, QString(), QPageSize::ExactMatch));
  writer.setPageMargins(QMarginsF(0, 0, 0, 0));
  writer.setCreator(QLatin1String(kCreator));
  writer.setTitle(view.description());
  const QString xmp = QStringLiteral(
                          "<?xpacket begin='\uFEFF' id='W5M0MpCehiHzreSzNTczkc9d'?>"
                          "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
                          "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
                          "<rdf:Description rdf:about='' "
                          "xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:description><rdf:Alt>"
                          "<rdf:li "
                          "xml:lang='x-default'>%1</rdf:li></rdf:Alt></dc:description></rdf:Description></"
                          "rdf:RDF></x:xmpmeta>"
                          "<?xpacket end='w'?>")
                          .arg(command.toHtmlEscaped());
  writer.setDocumentXmpMetadata(xmp.toUtf8());
  paintInto(writer, view, figure, dark);
  buffer.close();
  // Qt writes the time of day; a date of the same length keeps every offset in the file right and the file
  // the same each time.
  const QByteArray key = "/CreationDate (D:";
  const qsizetype at = bytes.indexOf(key);
  if (at >= 0) {
    for (qsizetype i = at + key.size(), digits = 0; i < bytes.size() && bytes[i] != ')'; ++i, ++digits) {
      if (bytes[i] >= '0' && bytes[i] <= '9') bytes[i] = digits < 8 ? "20000101"[digits] : '0';
    }
  }
  return bytes;
}

QByteArray csvCell(const QString& text) {
  QByteArray cell = text.toUtf8();
  if (cell.contains(',') || cell.contains('"') || cell.contains('\n') || cell.contains('\r') ||
      cell.startsWith('#')) {
    cell.replace("\"", "\"\"");
    cell = '"' + cell + '"';
  }
  return cell;
}

QByteArray csvNumber(float value) {
  if (std::isnan(value)) return {};
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return QByteArray(text, static_cast<qsizetype>(end - text));
}

/// One float32 array in NumPy's format, version 1.0: little-endian, C order.
QByteArray npyBytes(const NamedTable& table) {
  QByteArray shape;
  for (const int n : table.shape) shape += QByteArray::number(n) + ", ";
  if (table.shape.size() == 1) {
    shape.chop(1);
  } else if (!table.shape.empty()) {
    shape.chop(2);
  }
  QByteArray header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
  const qsizetype unpadded = 10 + header.size() + 1;
  header += QByteArray((64 - unpadded % 64) % 64, ' ') + '\n';
  QByteArray bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");
  bytes.append(reinterpret_cast<const char*>(table.values.data()),
               static_cast<qsizetype>(table.values.size() * sizeof(float)));
  return bytes;
}

/// A table's name as part of a file's name.
QString fileWord(const QString& name) {
  static const QRegularExpression kOther(QStringLiteral("[^\\w.·-]+"),
                                         QRegularExpression::UseUnicodePropertiesOption);
  QString word = name;
  return word.replace(kOther, QStringLiteral("_"));
}

/// All of the files or none: each is written beside its place first.
Result<void> writeFiles(const std::vector<std::pair<QString, QByteArray>>& files) {
  std::vector<std::unique_ptr<QSaveFile>> open;
  for (const auto& [path, bytes] : files) {
    open.push_back(std::make_unique<QSaveFile>(path));
    QSaveFile& file = *open.back();
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.flush())
      return fileError(path, "cannot be written", file.errorString());
  }
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (open[i]->commit()) continue;
    const Error error = fileError(files[i].first, "cannot be written", open[i]->errorString());
    for (std::size_t done = 0; done < i; ++done) QFile::remove(files[done].first);
    return error;
  }
  return {};
}

Result<void> writeNpy(const std::vector<NamedTable>& tables, const QString& path, const QString& command) {
  const QFileInfo info(path);
  std::vector<std::pair<QString, QByteArray>> files;
  QJsonArray list;
  const NamedTable none{QStringLiteral("empty"), {}, {}, {0}, {}};
  const std::size_t count = std::max<std::size_t>(1, tables.size());
  for (std::size_t i = 0; i < count; ++i) {
    const NamedTable& table = tables.empty() ? none : tables[i];
    const QString name = i == 0
                             ? info.fileName()
                             : QStringLiteral("%1.%2.npy").arg(info.completeBaseName(), fileWord(table.name));
    files.emplace_back(info.dir().filePath(name), npyBytes(table));
    QJsonArray shape;
    for (const int n : table.shape) shape.append(n);
    list.append(QJsonObject{{QStringLiteral("file"), name},
                            {QStringLiteral("name"), table.name},
                            {QStringLiteral("shape"), shape},
                            {QStringLiteral("rows"), QJsonArray::fromStringList(table.rowLabels)},
                            {QStringLiteral("columns"), QJsonArray::fromStringList(table.columns)}});
  }
  const QJsonObject root{{QStringLiteral("command"), command}, {QStringLiteral("tables"), list}};
  files.emplace_back(path + QStringLiteral(".json"), QJsonDocument(root).toJson());
  return writeFiles(files);
}

}  // namespace

std::optional<ExportFormat> exportFormatOf(const QString& suffix) {
  for (const ExportFormat format :
       {ExportFormat::png, ExportFormat::svg, ExportFormat::pdf, ExportFormat::csv, ExportFormat::npy}) {
    if (suffix.compare(suffixOf(format), Qt::CaseInsensitive) == 0) return format;
  }
  return std::nullopt;
}

QString suffixOf(ExportFormat format) {
  switch (format) {
    case ExportFormat::png:
      return QStringLiteral("png");
    case ExportFormat::svg:
      return QStringLiteral("svg");
    case ExportFormat::pdf:
      return QStringLiteral("pdf");
    case ExportFormat::csv:
      return QStringLiteral("csv");
    case ExportFormat::npy:
      return QStringLiteral("npy");
  }
  return {};
}

FigureSize figureInPixels(const QSize& size, double scale) {
  return {size, scale, 96, 0, 0};
}

FigureSize figureInMillimetres(double widthMm, double fontPt, double dpi) {
  const double width = widthMm / 25.4 * dpi;
  FigureSize figure;
  figure.dots = QSize(std::max(1, static_cast<int>(std::lround(width))),
                      std::max(1, static_cast<int>(std::lround(width * 0.75))));
  figure.scale = fontPt / 72.0 * dpi / kLabelPixels;
  figure.dpi = dpi;
  figure.widthMm = widthMm;
  figure.fontPt = fontPt;
  return figure;
}

QImage paintedImage(View& view, const FigureSize& figure, bool dark) {
  QImage image(figure.dots, QImage::Format_RGB32);
  if (image.isNull()) return image;
  const int dotsPerMetre = static_cast<int>(std::lround(figure.dpi / 0.0254));
  image.setDotsPerMeterX(dotsPerMetre);
  image.setDotsPerMeterY(dotsPerMetre);
  paintInto(image, view, figure, dark);
  return image;
}

QByteArray csvText(const std::vector<NamedTable>& tables, const QString& command) {
  QByteArray text;
  if (!command.isEmpty()) text += "# " + command.toUtf8() + '\n';
  if (tables.empty()) text += "# nothing is shown\n";
  for (const NamedTable& table : tables) {
    text += "# table " + table.name.toUtf8() + '\n';
    const auto columns = static_cast<std::size_t>(std::max<qsizetype>(1, table.columns.size()));
    for (const QString& label : table.columns) text += ',' + csvCell(label);
    text += '\n';
    for (std::size_t i = 0; i < table.values.size(); ++i) {
      if (i % columns == 0) {
        const auto row = static_cast<qsizetype>(i / columns);
        text += row < table.rowLabels.size() ? csvCell(table.rowLabels[row]) : QByteArray::number(row);
      }
      text += ',' + csvNumber(table.values[i]);
      if (i % columns == columns - 1) text += '\n';
    }
  }
  return text;
}

Result<void> exportView(View& view, ExportFormat format, const QString& path, const FigureSize& figure,
                        bool dark, const QString& command) {
  switch (format) {
    case ExportFormat::png: {
      Result<QByteArray> bytes = pngBytes(view, figure, dark, command);
      if (!bytes.ok()) {
        Error error = std::move(bytes).error();
        error.file = path.toStdString();
        return error;
      }
      return writeFile(path, bytes.value());
    }
    case ExportFormat::svg:
      return writeFile(path, svgBytes(view, figure, dark, command));
    case ExportFormat::pdf:
      return writeFile(path, pdfBytes(view, figure, dark, command));
    case ExportFormat::csv:
      return writeFile(path, csvText(view.tables(), command));
    case ExportFormat::npy:
      return writeNpy(view.tables(), path, command);
  }
  return {};
}

}  // namespace decodescope
