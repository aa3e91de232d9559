#pragma once

#include <QAbstractButton>

namespace decodescope {

/// On or off, as a sliding knob with its name beside it.
class SwitchButton : public QAbstractButton {
  Q_OBJECT

 public:
  explicit SwitchButton(const QString& text, QWidget* parent = nullptr);
  /// Without its text only the knob is seen; the tool tip and the accessible name stay.
  void setTextShown(bool shown);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  double trackHeight() const;

  bool m_textShown = true;
};

}  // namespace decodescope
