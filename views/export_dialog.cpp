#include "views/export_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QRadioButton>
#include <QVBoxLayout>

#include <algorithm>
#include <array>

namespace decodescope {
namespace {

constexpr std::array kFormats{ExportFormat::png, ExportFormat::svg, ExportFormat::pdf, ExportFormat::csv,
                              ExportFormat::npy};

bool isPicture(ExportFormat format) {
  return format != ExportFormat::csv && format != ExportFormat::npy;
}

QString titleOf(ExportFormat format) {
  switch (format) {
    case ExportFormat::png:
      return ExportDialog::tr("PNG: a picture of dots");
    case ExportFormat::svg:
      return ExportDialog::tr("SVG: a drawing, text stays text");
    case ExportFormat::pdf:
      return ExportDialog::tr("PDF: a page, text stays text");
    case ExportFormat::csv:
      return ExportDialog::tr("CSV: the numbers as tables");
    case ExportFormat::npy:
      return ExportDialog::tr("NPY: the numbers for NumPy");
  }
  return {};
}

QDoubleSpinBox* field(double low, double high, double step, const QString& suffix, const QString& name,
                      const QString& tip) {
  auto* box = new QDoubleSpinBox;
  box->setRange(low, high);
  box->setDecimals(step < 1 ? 1 : 0);
  box->setSingleStep(step);
  box->setSuffix(suffix);
  box->setAccessibleName(name);
  box->setToolTip(tip);
  return box;
}

}  // namespace

FigureSize ExportChoice::figure(const QSize& onScreen, double scale) const {
  return inMillimetres ? figureInMillimetres(widthMm, fontPt, dpi) : figureInPixels(onScreen, scale);
}

ExportDialog::ExportDialog(Kind kind, const QString& title, const QSize& onScreen, double scale,
                           QWidget* parent)
    : QDialog(parent), m_kind(kind), m_onScreen(onScreen), m_scale(scale) {
  setWindowTitle(title);
  auto* column = new QVBoxLayout(this);
  column->setSizeConstraint(QLayout::SetFixedSize);
  addFormats();
  addSize();
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
  m_accept = buttons->addButton(kind == Kind::oneView ? tr("Save as…") : tr("Choose a folder…"),
                                QDialogButtonBox::AcceptRole);
  m_accept->setDefault(true);
  column->addWidget(buttons);
  connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  setMinimumWidth(380);
  setChoice({});
  m_accept->setFocus();
}

void ExportDialog::addFormats() {
  auto* box = new QGroupBox(m_kind == Kind::oneView ? tr("Format") : tr("Formats"));
  auto* column = new QVBoxLayout(box);
  if (m_kind == Kind::oneView) {
    m_format = new QComboBox;
    for (const ExportFormat format : kFormats) m_format->addItem(titleOf(format));
    m_format->setAccessibleName(tr("Format"));
    m_format->setToolTip(
        tr("What the file is for: pictures for slides and papers, tables for other programs"));
    column->addWidget(m_format);
    connect(m_format, &QComboBox::currentIndexChanged, this, &ExportDialog::refresh);
  } else {
    for (const ExportFormat format : kFormats) {
      m_formats.push_back(new QCheckBox(titleOf(format)));
      m_formats.back()->setToolTip(tr("Write every view as VIEW.%1").arg(suffixOf(format)));
      column->addWidget(m_formats.back());
      connect(m_formats.back(), &QCheckBox::toggled, this, &ExportDialog::refresh);
    }
  }
  layout()->addWidget(box);
}

void ExportDialog::addSize() {
  auto* box = new QGroupBox(tr("Picture"));
  m_figure = box;
  auto* column = new QVBoxLayout(box);
  m_asOnScreen = new QRadioButton(
      tr("As large as on the screen: %1 × %2").arg(m_onScreen.width()).arg(m_onScreen.height()));
  m_asOnScreen->setToolTip(tr("One dot of the picture for each of the view"));
  m_inMillimetres = new QRadioButton(tr("A figure for paper or slides"));
  m_inMillimetres->setToolTip(tr("As wide as the column or the slide, three quarters as high"));
  column->addWidget(m_asOnScreen);
  column->addWidget(m_inMillimetres);
  auto* form = new QFormLayout;
  form->setContentsMargins(24, 0, 0, 0);
  m_width = field(10, 2000, 5, tr(" mm"), tr("Width"), tr("Width of the figure"));
  m_font = field(3, 72, 0.5, tr(" pt"), tr("Labels"), tr("Size of the labels in the printed figure"));
  m_dpi = field(36, 2400, 50, tr(" dpi"), tr("Resolution"), tr("Dots an inch; 300 suits print"));
  form->addRow(tr("&Width"), m_width);
  form->addRow(tr("&Labels"), m_font);
  form->addRow(tr("&Resolution"), m_dpi);
  m_dots = new QLabel;
  form->addRow(m_dots);
  column->addLayout(form);
  auto* row = new QFormLayout;
  m_colours = new QComboBox;
  m_colours->addItems({tr("Light"), tr("Dark")});
  m_colours->setAccessibleName(tr("Colours"));
  m_colours->setToolTip(tr("Light suits paper, whatever the window looks like"));
  row->addRow(tr("&Colours"), m_colours);
  column->addLayout(row);
  layout()->addWidget(box);
  connect(m_inMillimetres, &QRadioButton::toggled, this, &ExportDialog::refresh);
  for (QDoubleSpinBox* spin : {m_width, m_font, m_dpi})
    connect(spin, &QDoubleSpinBox::valueChanged, this, &ExportDialog::refresh);
}

ExportChoice ExportDialog::choice() const {
  ExportChoice choice;
  choice.formats.clear();
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    const bool chosen =
        m_format ? m_format->currentIndex() == static_cast<int>(i) : m_formats[i]->isChecked();
    if (chosen) choice.formats.push_back(kFormats[i]);
  }
  choice.inMillimetres = m_inMillimetres->isChecked();
  choice.widthMm = m_width->value();
  choice.fontPt = m_font->value();
  choice.dpi = m_dpi->value();
  choice.dark = m_colours->currentIndex() == 1;
  return choice;
}

void ExportDialog::setChoice(const ExportChoice& choice) {
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    const bool chosen =
        std::find(choice.formats.begin(), choice.formats.end(), kFormats[i]) != choice.formats.end();
    if (!m_format) {
      m_formats[i]->setChecked(chosen);
    } else if (chosen) {
      m_format->setCurrentIndex(static_cast<int>(i));
    }
  }
  (choice.inMillimetres ? m_inMillimetres : m_asOnScreen)->setChecked(true);
  m_width->setValue(choice.widthMm);
  m_font->setValue(choice.fontPt);
  m_dpi->setValue(choice.dpi);
  m_colours->setCurrentIndex(choice.dark ? 1 : 0);
  refresh();
}

void ExportDialog::refresh() {
  if (!m_accept) return;
  const ExportChoice now = choice();
  m_figure->setEnabled(std::any_of(now.formats.begin(), now.formats.end(), isPicture));
  for (QDoubleSpinBox* spin : {m_width, m_font, m_dpi}) spin->setEnabled(now.inMillimetres);
  const QSize dots = now.figure(m_onScreen, m_scale).dots;
  const bool tooLarge = dots.width() > kLargestFigureSide;
  m_dots->setText(tooLarge ? tr("%1 × %2 dots: too large, at most %3 wide")
                                 .arg(dots.width())
                                 .arg(dots.height())
                                 .arg(kLargestFigureSide)
                           : tr("%1 × %2 dots").arg(dots.width()).arg(dots.height()));
  m_dots->setVisible(now.inMillimetres);
  m_accept->setEnabled(!now.formats.empty() && !tooLarge);
}

std::optional<ExportChoice> ExportDialog::ask(Kind kind, const QString& title, const QSize& onScreen,
                                              double scale, QWidget* parent) {
  static std::array<ExportChoice, 2> last{
      ExportChoice{}, ExportChoice{.formats = {kFormats.begin(), kFormats.end()}, .inMillimetres = true}};
  ExportChoice& remembered = last[kind == Kind::oneView ? 0 : 1];
  ExportDialog dialog(kind, title, onScreen, scale, parent);
  dialog.setChoice(remembered);
  if (dialog.exec() != QDialog::Accepted) return std::nullopt;
  remembered = dialog.choice();
  return remembered;
}

}  // namespace decodescope
