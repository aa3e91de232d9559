#include "views/export.h"
#include "views/export_dialog.h"
#include "views/lanes_view.h"
#include "views/render_command.h"
#include "views/view_canvas.h"
#include "views/view_widget.h"

#include <QClipboard>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>

/// The part of the widget that takes its view along.

namespace decodescope {

QString ViewWidget::command() const {
  return renderCommand(*m_session, m_selection, QLatin1String(m_info.id), *m_view,
                       figureInPixels(m_canvas->size(), m_theme.scale), m_theme.dark, QString());
}

void ViewWidget::copyPicture() {
  const FigureSize figure = figureInPixels(m_canvas->size() * 2, m_theme.scale * 2);
  QGuiApplication::clipboard()->setImage(paintedImage(*m_view, figure, m_theme.dark));
  m_canvas->update();
  emit message(tr("Copied the picture of “%1”").arg(title()), false);
}

void ViewWidget::copyData() {
  QGuiApplication::clipboard()->setText(QString::fromUtf8(csvText(m_view->tables(), command())));
  emit message(tr("Copied the numbers of “%1”").arg(title()), false);
}

void ViewWidget::copyCommand() {
  QGuiApplication::clipboard()->setText(command());
  emit message(tr("Copied the command that draws “%1”").arg(title()), false);
}

ExportItem ViewWidget::exportItem() const {
  ExportItem item{QLatin1String(m_info.id), m_view->copy(), m_session, m_selection};
  item.view->present(*m_session, m_selection);
  item.view->setZoomed(m_view->zoomed());
  return item;
}

QSize ViewWidget::pictureSize() const {
  return m_canvas->size();
}

void ViewWidget::exportAs() {
  // What is shown now is what is written, however long the dialogs stay open.
  const ExportItem item = exportItem();
  const std::optional<ExportChoice> choice = ExportDialog::ask(
      ExportDialog::Kind::oneView, tr("Export “%1”").arg(title()), m_canvas->size(), m_theme.scale, this);
  if (!choice) return;
  const QString suffix = suffixOf(choice->formats.front());
  QString path =
      QFileDialog::getSaveFileName(this, tr("Save “%1”").arg(title()), item.id + QLatin1Char('.') + suffix,
                                   tr("%1 file (*.%2)").arg(suffix.toUpper(), suffix));
  if (path.isEmpty()) return;
  if (QFileInfo(path).suffix().isEmpty()) path += QLatin1Char('.') + suffix;
  const std::optional<ExportFormat> format = exportFormatOf(QFileInfo(path).suffix());
  if (!format) {
    emit message(tr("%1: the name must end in .png, .svg, .pdf, .csv or .npy").arg(path), true);
    return;
  }
  const FigureSize figure = choice->figure(m_canvas->size(), m_theme.scale);
  const QString again =
      renderCommand(*item.session, item.selection, item.id, *item.view, figure, choice->dark, path);
  const Result<void> written = exportView(*item.view, *format, path, figure, choice->dark, again);
  if (written.ok()) {
    emit message(tr("Saved %1").arg(path), false);
  } else {
    emit message(QString::fromStdString(written.error().message()), true);
  }
}

}  // namespace decodescope
