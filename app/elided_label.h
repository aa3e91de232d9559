#pragma once

#include <QWidget>

namespace decodescope {

/// A line of text that is cut with an ellipsis where there is no room; the tool tip then has all of it. Made
/// for text that changes with every frame: what stands beside it is laid out again only when the room that
/// the text needs has changed by much.
class ElidedLabel : public QWidget {
  Q_OBJECT

 public:
  explicit ElidedLabel(QWidget* parent = nullptr);
  void setWholeText(const QString& text);
  void setAlignment(Qt::Alignment alignment);
  /// Asks for the room that this text needs whatever is shown, so that what stands beside it stays in place.
  void setRoomFor(const QString& widest);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  /// Asks for the room that is needed now.
  void measure();

  QString m_text;
  QString m_widest;
  Qt::Alignment m_alignment = Qt::AlignLeft | Qt::AlignVCenter;
  int m_room = 0;
};

}  // namespace decodescope
