#pragma once

#include "views/theme.h"

#include <QColor>
#include <QString>
#include <QStringList>

#include <span>
#include <string>

namespace decodescope {

QString escapedText(const std::string& text);
QString colouredText(const QString& html, const QColor& colour);

/// Builds the inspector's page, rich text, from headed blocks, aligned rows and strips of colour.
class InspectorPage {
 public:
  explicit InspectorPage(const Theme& theme) : m_theme(theme) {}

  void title(const QString& html);
  void heading(const QString& text);
  void line(const QString& html);
  void faint(const QString& html);
  void formula(const QString& text);
  void beginTable(const QStringList& head = {});
  /// A name and its value.
  void row(const QString& nameHtml, const QString& value);
  void cells(const QStringList& values);
  void endTable();

  /// A vector as a strip of colours: blue below zero, red above, as strong as the largest magnitude; numbers
  /// that are all positive from dark to bright. A tick marks entry `marked`, −1: none. What does not fit is
  /// shown by the largest magnitude of neighbours. Not a number and infinite: grey.
  void strip(std::span<const float> values, int marked = -1);

  QString number(const QString& text) const;
  QString link(const QString& target, const QString& html, bool lit) const;
  const Theme& theme() const { return m_theme; }
  QString take() { return std::move(m_html); }

 private:
  const Theme& m_theme;
  QString m_html;
};

}  // namespace decodescope
