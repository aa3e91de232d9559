#include "views/text_cache.h"

#include <QGlyphRun>
#include <QHash>
#include <QPaintDevice>
#include <QPainter>
#include <QTextLayout>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace decodescope {
namespace {

struct Key {
  int font;
  QString text;
  friend bool operator==(const Key&, const Key&) = default;
  friend std::size_t qHash(const Key& key, std::size_t seed) { return qHashMulti(seed, key.font, key.text); }
};

/// A text shaped once: glyphs from the start of its baseline.
struct Line {
  QList<QGlyphRun> glyphs;
  double ascent = 0;  ///< the glyphs' positions count from this far above the baseline
};

/// Keeps what was asked for lately: at most two generations of `kGeneration`, of which the older one goes
/// when the younger is full.
template <class Value>
class Recent {
 public:
  /// What makeValue() gave for the key. Valid until the next call.
  template <class Make>
  const Value& get(const Key& key, Make&& makeValue) {
    const auto known = m_young.constFind(key);
    if (known != m_young.constEnd()) return *known;
    const auto older = m_old.constFind(key);
    Value value = older != m_old.constEnd() ? *older : makeValue();
    if (m_young.size() >= kGeneration) {
      m_old = std::exchange(m_young, {});
      m_young.reserve(kGeneration);
    }
    return *m_young.insert(key, std::move(value));
  }

 private:
  static constexpr qsizetype kGeneration = 4096;
  QHash<Key, Value> m_young, m_old;
};

/// Fonts are numbered, and a number is never used again: what was remembered for it stays true.
class Fonts {
 public:
  int number(const QFont& font) {
    for (const auto& [known, number] : m_known) {
      if (known == font) return number;
    }
    if (m_known.size() >= kMost) m_known.clear();
    m_known.emplace_back(font, m_next);
    return m_next++;
  }

 private:
  static constexpr std::size_t kMost = 64;
  std::vector<std::pair<QFont, int>> m_known;
  int m_next = 0;
};

struct Memory {
  Fonts fonts;
  Recent<double> widths;
  Recent<std::optional<Line>> lines;
};

Memory& memory() {
  static Memory memory;
  return memory;
}

/// Where text is text (SVG, PDF) or sizes depend on the device, everything is asked anew.
bool remembers(const QFont& font, const QPaintDevice* device) {
  if (font.pixelSize() <= 0) return false;
  if (!device) return true;
  const int kind = device->devType();
  return kind == QInternal::Widget || kind == QInternal::Image || kind == QInternal::Pixmap;
}

/// Nothing where the text is more than one line.
std::optional<Line> shaped(const QString& text, const QFont& font) {
  const auto isControl = [](QChar c) {
    return c.category() == QChar::Other_Control || c == QChar::LineSeparator ||
           c == QChar::ParagraphSeparator;
  };
  if (std::any_of(text.begin(), text.end(), isControl)) return std::nullopt;
  QTextLayout layout(text, font);
  layout.beginLayout();
  const QTextLine line = layout.createLine();
  layout.endLayout();
  if (!line.isValid()) return std::nullopt;
  return Line{line.glyphRuns(), line.ascent()};
}

}  // namespace

TextMetrics::TextMetrics(const QFont& font, const QPaintDevice* device)
    : QFontMetricsF(device ? QFontMetricsF(font, device) : QFontMetricsF(font)),
      m_font(remembers(font, device) ? memory().fonts.number(font) : -1) {}

double TextMetrics::horizontalAdvance(const QString& text) const {
  if (m_font < 0 || text.isEmpty()) return QFontMetricsF::horizontalAdvance(text);
  return memory().widths.get({m_font, text}, [&] { return QFontMetricsF::horizontalAdvance(text); });
}

void drawRemembered(QPainter& painter, QPointF baseline, const QString& text) {
  if (text.isEmpty()) return;
  const QFont& font = painter.font();
  if (!remembers(font, painter.device())) return painter.drawText(baseline, text);
  const std::optional<Line>& line =
      memory().lines.get({memory().fonts.number(font), text}, [&] { return shaped(text, font); });
  if (!line) return painter.drawText(baseline, text);
  const QPointF top = baseline - QPointF(0, line->ascent);
  for (const QGlyphRun& run : line->glyphs) painter.drawGlyphRun(top, run);
}

}  // namespace decodescope
