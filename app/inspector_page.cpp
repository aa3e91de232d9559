#include "app/inspector_page.h"

#include "views/colormap.h"

#include <QBuffer>
#include <QImage>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

constexpr double kStripWidth = 190;
constexpr double kStripHeight = 12;
constexpr double kTickHeight = 3;
constexpr double kWidestCell = 12;

/// One colour for every bin of neighbours.
QList<QRgb> binColours(std::span<const float> values, std::size_t bins, const Theme& theme) {
  double most = 0, least = 0;
  for (const float v : values) {
    if (!std::isfinite(v)) continue;
    most = std::max(most, static_cast<double>(v));
    least = std::min(least, static_cast<double>(v));
  }
  const double reach = std::max({most, -least, 1e-30});
  const ColorScale scale{.map = least < 0 ? Colormap::diverging : Colormap::viridis,
                         .lo = least < 0 ? -reach : 0.0,
                         .hi = reach};
  const QList<QRgb> table = colormapTable(scale.map, theme.dark);
  QList<QRgb> colours;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const std::size_t first = bin * values.size() / bins, end = (bin + 1) * values.size() / bins;
    const auto shown =
        std::max_element(values.begin() + static_cast<std::ptrdiff_t>(first),
                         values.begin() + static_cast<std::ptrdiff_t>(std::max(end, first + 1)),
                         [](float a, float b) { return std::abs(a) < std::abs(b); });
    colours << (std::isfinite(*shown) ? table[scale.level(static_cast<double>(*shown), reach)]
                                      : theme.line.rgb());
  }
  return colours;
}

}  // namespace

QString escapedText(const std::string& text) {
  return QString::fromStdString(text).toHtmlEscaped();
}

QString colouredText(const QString& html, const QColor& colour) {
  return QStringLiteral("<span style=\"color:%1\">%2</span>").arg(colour.name(), html);
}

void InspectorPage::title(const QString& html) {
  m_html += QStringLiteral("<p style=\"margin:0 0 4px 0; font-size:%1px; font-weight:600\">%2</p>")
                .arg(std::lround(m_theme.px(14)))
                .arg(html);
}

void InspectorPage::heading(const QString& text) {
  m_html += QStringLiteral("<p style=\"margin:10px 0 3px 0; font-weight:600; color:%1\">%2</p>")
                .arg(m_theme.faintText.name(), text);
}

void InspectorPage::line(const QString& html) {
  m_html += QStringLiteral("<p style=\"margin:2px 0\">%1</p>").arg(html);
}

void InspectorPage::faint(const QString& html) {
  line(colouredText(html, m_theme.faintText));
}

void InspectorPage::formula(const QString& text) {
  m_html += QStringLiteral(
                "<p style=\"margin:4px 0; background-color:%1\"><span style=\"font-family:'%2'\">&nbsp;%3"
                "&nbsp;</span></p>")
                .arg(m_theme.panel.name(), m_theme.mono.family(), text.toHtmlEscaped());
}

void InspectorPage::beginTable(const QStringList& head) {
  m_html += QStringLiteral("<table cellspacing=\"0\" cellpadding=\"1\" width=\"100%\">");
  if (head.isEmpty()) return;
  m_html += QStringLiteral("<tr>");
  for (const QString& cell : head) {
    m_html += QStringLiteral("<td align=\"right\">%1</td>").arg(colouredText(cell, m_theme.faintText));
  }
  m_html += QStringLiteral("</tr>");
}

void InspectorPage::row(const QString& nameHtml, const QString& value) {
  m_html += QStringLiteral("<tr><td>%1</td><td align=\"right\" style=\"white-space:nowrap\">%2</td></tr>")
                .arg(nameHtml, number(value));
}

void InspectorPage::cells(const QStringList& values) {
  m_html += QStringLiteral("<tr>");
  for (const QString& value : values)
    m_html += QStringLiteral("<td align=\"right\" style=\"white-space:nowrap; font-size:%1px\">%2</td>")
                  .arg(QString::number(std::lround(m_theme.px(12))), number(value));
  m_html += QStringLiteral("</tr>");
}

void InspectorPage::endTable() {
  m_html += QStringLiteral("</table>");
}

void InspectorPage::strip(std::span<const float> values, int marked) {
  if (values.empty()) return;
  const int room = static_cast<int>(m_theme.px(kStripWidth));
  const auto bins = std::min(values.size(), static_cast<std::size_t>(room));
  const double cell = std::min(m_theme.px(kWidestCell), room / static_cast<double>(bins));
  const int height = static_cast<int>(m_theme.px(kStripHeight)),
            tick = static_cast<int>(std::ceil(m_theme.px(kTickHeight)));
  const auto edge = [&](std::size_t bin) {
    return static_cast<int>(std::lround(static_cast<double>(bin) * cell));
  };
  QImage image(std::max(1, edge(bins)), height + tick, QImage::Format_ARGB32);
  image.fill(Qt::transparent);
  const QList<QRgb> colours = binColours(values, bins, m_theme);
  const std::size_t at = marked < 0 ? bins : static_cast<std::size_t>(marked) * bins / values.size();
  for (std::size_t bin = 0; bin < bins; ++bin) {
    for (int x = edge(bin); x < edge(bin + 1); ++x) {
      for (int y = 0; y < height; ++y) image.setPixel(x, y, colours[static_cast<qsizetype>(bin)]);
    }
  }
  for (int x = at < bins ? edge(at) : image.width();
       x < std::min(edge(at) + std::max(edge(at + 1) - edge(at), 2), image.width()); ++x) {
    for (int y = height; y < height + tick; ++y) image.setPixel(x, y, m_theme.accent.rgb());
  }
  QByteArray png;
  QBuffer buffer(&png);
  buffer.open(QIODevice::WriteOnly);
  image.save(&buffer, "PNG", 100);  // not packed: it is looked at once
  m_html += QStringLiteral("<p style=\"margin:1px 0\"><img src=\"data:image/png;base64,%1\"/></p>")
                .arg(QString::fromLatin1(png.toBase64()));
}

QString InspectorPage::number(const QString& text) const {
  return QStringLiteral("<span style=\"font-family:'%1'\">%2</span>").arg(m_theme.mono.family(), text);
}

QString InspectorPage::link(const QString& target, const QString& html, bool lit) const {
  return QStringLiteral("<a href=\"%1\" style=\"text-decoration:none; color:%2\">%3</a>")
      .arg(target, (lit ? m_theme.accent : m_theme.text).name(), html);
}

}  // namespace decodescope
