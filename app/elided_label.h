#pragma once

#include <QLabel>

namespace decodescope {

/// A line of text that is cut with an ellipsis where there is no room; the tool tip then has all of it.
class ElidedLabel : public QLabel {
  Q_OBJECT

 public:
  using QLabel::QLabel;
  void setWholeText(const QString& text);
  /// Asks for the room that this text needs whatever is shown, so that what stands beside it stays in place.
  void setRoomFor(const QString& widest);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_widest;
};

}  // namespace decodescope
