#pragma once

#include "core/decode/run_snapshot.h"
#include "core/explain/explanation.h"
#include "core/trace/attention_rules.h"
#include "views/selection.h"
#include "views/theme.h"

#include <QPointF>
#include <QRectF>
#include <QSizeF>
#include <QString>
#include <QStringList>

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

class QPainter;

namespace decodescope {

/// What a setting that is a number may be. Sliders go from minimum to maximum in these steps.
struct NumberRange {
  double minimum = 0;
  double maximum = 1;
  double step = 1;
  double standard = 0;  ///< the default
  bool typed = false;   ///< a field to type into: a range too wide for a slider

  /// The text as a number in the range, rounded to its steps (0 stays 0, not −0); nothing when it is none.
  std::optional<double> parse(const QString& text) const;
  /// As few digits as the step needs: what ViewOption::value holds, with a point whatever the language.
  QString text(double number) const;
};

/// A setting of a view that its tool bar offers and `render --set id=value` sets.
struct ViewOption {
  QString id;     ///< "stage"
  QString title;  ///< translated
  QString tip;
  std::vector<std::pair<QString, QString>> choices;  ///< value → translated title; the first is the default
  QString value;
  std::optional<NumberRange> number = {};  ///< a number instead of a choice

  QString standardValue() const;  ///< what it is at first
};

/// A table of exactly what is shown, for CSV and NPY. Values are row-major, NaN where a cell has none.
struct NamedTable {
  QString name;
  QStringList columns;
  QStringList rowLabels;
  std::vector<int> shape;  ///< for NPY; product = values.size()
  std::vector<float> values;
};

/// A what-if that a place offers: these heads and rows are taken out of the attention.
struct StrikeOffer {
  QString title;  ///< translated: "Strike out query head 3 of layer 0"
  std::vector<AttentionRules::StruckHead> heads;
  std::vector<AttentionRules::StruckRow> rows;
};

/// A number of a run: site, layer, head, query and key of the selection say the row, the rest which one of
/// it.
struct NumberPlace {
  Selection row;
  int element = -1;   ///< within the row of the head, or of the token where there are no heads; −1: none in
                      ///< particular. Scores and weights have the key.
  int position = -1;  ///< of the row, where it is not the query's: a key's, a value's
  /// The number is no cell of the trace: the view works it out, and says how.
  std::shared_ptr<const Explanation> derived = {};

  Position rowPosition() const { return position < 0 ? row.query : Position{position}; }
  friend bool operator==(const NumberPlace& a, const NumberPlace& b) {
    return a.row == b.row && a.element == b.element && a.position == b.position &&
           (a.derived == b.derived || (a.derived && b.derived && *a.derived == *b.derived));
  }
};
/// A derived number at a place of the selection.
NumberPlace derivedPlace(const Selection& row, Explanation explanation);

/// What lies under a point.
struct Hit {
  Selection hovered;                 ///< what pointing there previews
  QString toolTip;                   ///< one to three lines, names and value
  std::optional<Selection> clicked;  ///< what a click selects, where it is more than what pointing previews
  bool locks = true;                 ///< a click also locks the place, or unlocks it
  /// The number that is there, for the inspector. A click holds it.
  std::optional<NumberPlace> number = {};
  /// A click means: decode on from the shown step with this token instead of the one that was picked.
  std::optional<TokenId> branch = {};
  /// A click asks for the lanes to be measured (core/decode/lane_measures.h), or for that to stop.
  std::optional<bool> measures = {};
  /// A click sets this option of the view, id and value.
  std::optional<std::pair<QString, QString>> option = {};
  /// The context menu offers these; a click takes the first one when `strikesOnClick`.
  std::vector<StrikeOffer> strikes = {};
  bool strikesOnClick = false;
};

/// One picture of a session: a pure model (present) and a thin painter (paint). Not a widget: the window, the
/// tests and `render` all paint it through the same two calls.
class View {
 public:
  virtual ~View() = default;

  virtual std::vector<ViewOption> options() const { return {}; }
  /// False when there is no such option or value.
  virtual bool setOption(const QString& id, const QString& value);

  /// Takes over what is to be shown. Idempotent: the same arguments give the same picture. Cheap enough for
  /// every frame.
  virtual void present(const SessionSnapshot& session, const Selection& selection) = 0;

  /// How far each scale of the picture reaches (colours, axes), in an order of the view's own. Pictures
  /// beside each other take the largest of each, so that equal colours are equal numbers. Empty where no
  /// scale depends on the data.
  virtual std::vector<double> scaleEnds() const { return {}; }
  /// Takes these ends instead, until the next present() or setOption(). As many as scaleEnds() gave.
  virtual void setScaleEnds(const std::vector<double>&) {}

  /// Paints into `area` of the painter, all of it. Never blank: without data it says what to do.
  virtual void paint(QPainter& painter, const QRectF& area, const Theme& theme) = 0;

  /// The height that the picture needs in this room to be read; the room's own where it fits. The window
  /// scrolls what is higher.
  virtual double neededHeight(const QSizeF& room, const Theme& theme) const;

  /// The picture holds all lanes of the session by itself, whichever is selected: it is not repeated beside
  /// itself for each lane.
  virtual bool showsAllLanes() const { return false; }

  /// What the last paint() put at this point.
  virtual std::optional<Hit> hitTest(QPointF point) const;

  /// The selection that an arrow key makes: dx to the right, dy down. Arrows move the query (down) and the
  /// key (right) unless the view has something better.
  virtual Selection moved(const Selection& selection, int dx, int dy) const;

  /// Enlarges around a point by `factor` (below 1: the other way). False when the view has nothing to zoom
  /// there, or is at the end.
  virtual bool zoom(QPointF at, double factor);
  /// Moves what is shown with the pointer. False when nothing moved.
  virtual bool pan(QPointF delta);
  /// Shows all of it again.
  virtual void resetZoom() {}
  /// What is enlarged, as `render --zoom` takes it; "" when all of it is shown.
  virtual QString zoomed() const { return {}; }
  /// Enlarges that of what is presented. False when the view has no such zoom.
  virtual bool setZoomed(const QString& zoomed);

  virtual std::vector<NamedTable> tables() const { return {}; }
  /// What of this picture no call of `render` draws again (measured times, say): one sentence in English; ""
  /// when there is nothing.
  virtual QString beyondCommand() const { return {}; }
  /// What the picture says, in words, for screen readers.
  virtual QString description() const = 0;
};

/// One row of the registry (views/registry.cpp).
struct ViewInfo {
  const char* id;     ///< "attention"
  const char* title;  ///< in English; shown through QCoreApplication::translate("Views", …)
  const char* tip;
  std::vector<Site> sites;  ///< what it needs of the trace
  std::unique_ptr<View> (*make)();
};

std::span<const ViewInfo> viewRegistry();
/// nullptr when there is none.
const ViewInfo* findView(const QString& id);

}  // namespace decodescope
