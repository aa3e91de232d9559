#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "core/decode/run_snapshot.h"
#include "views/selection.h"
#endif
#include "views/theme.h"

#include <QAbstractScrollArea>

#include <vector>

namespace decodescope {

class SessionController;

/// The run's tokens as chips in a row: prompt and generated told apart, the probability under each generated
/// one, what the shown step fed and picked lit, later ones faded. A click makes a token the query, a double
/// click goes to the step that made it.
class TokenStrip : public QAbstractScrollArea {
  Q_OBJECT

 public:
  explicit TokenStrip(SessionController& controller, QWidget* parent = nullptr);
  void applyTheme(const Theme& theme);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  bool viewportEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  struct Chip {
    QString piece;  ///< as the tokenizer shows it
    QString shown;  ///< elided
    double x = 0, width = 0;
    double probability = -1;  ///< −1 for the prompt
    int madeByStep = 0;       ///< 0 for the prompt
  };

  void refreshRun();
  void refreshSelection();
  void addChips(const RunSnapshot& run);
  void updateScrollBar();
  void scrollTo(const Chip& chip);
  int chipAt(QPointF viewportPoint) const;
  void goToMaker(int index);
  void paintChip(QPainter& painter, int index, const QRectF& box, const RunSnapshot& run) const;
  QString toolTipOf(int index) const;
  double chipHeight() const;
  double textHeight() const;
  double margin() const { return m_theme.px(8); }

  SessionController& m_controller;
  Theme m_theme;
  QFont m_chipFont, m_smallFont;
  std::uint64_t m_runId = 0;
  std::vector<Chip> m_chips;
  int m_hovered = -1;
  int m_shownStep = -1;
};

}  // namespace decodescope
