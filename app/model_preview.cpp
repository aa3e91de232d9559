#include "app/model_preview.h"

#include "app/model_library.h"
#include "app/model_summary.h"
#include "core/formats/model_outline.h"

#include <QCoreApplication>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QPointer>
#include <QThreadPool>
#include <QVBoxLayout>

#include <memory>

namespace decodescope {

ModelPreview::ModelPreview(QWidget* parent) : QWidget(parent), m_text(new QLabel(this)) {
  setAccessibleName(tr("What is in the model"));
  m_text->setAccessibleName(tr("What is in the model"));
  m_text->setTextFormat(Qt::PlainText);
  m_text->setWordWrap(true);
  m_text->setAlignment(Qt::AlignLeft | Qt::AlignTop);
  m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_text->setMinimumHeight(3 * m_text->fontMetrics().lineSpacing());
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(m_text);
  show({});
}

ModelPreview::~ModelPreview() {
  m_reading.request_stop();
}

void ModelPreview::addTo(QFileDialog& dialog) {
  auto* grid = qobject_cast<QGridLayout*>(dialog.layout());
  if (!grid) return;  // a dialog of the desktop's own
  auto* preview = new ModelPreview(&dialog);
  grid->addWidget(preview, grid->rowCount(), 0, 1, grid->columnCount());
  connect(&dialog, &QFileDialog::currentChanged, preview, &ModelPreview::show);
}

void ModelPreview::show(const QString& path) {
  m_reading.request_stop();
  m_path = modelOfFile(path);
  const QFileInfo info(m_path);
  const bool canBeModel =
      info.isDir() ? QFileInfo::exists(m_path + QStringLiteral("/config.json")) : info.isFile();
  m_text->setText(tr("A marked file's architecture, size and memory stand here before it is opened."));
  m_text->setForegroundRole(QPalette::PlaceholderText);
  if (path.isEmpty() || !canBeModel) return;
  m_reading = std::stop_source();
  // The guarded pointer is looked at on this thread only, where the preview comes and goes.
  QThreadPool::globalInstance()->start([guarded = QPointer<ModelPreview>(this), name = m_path,
                                        stop = m_reading.get_token()] {
    if (stop.stop_requested()) return;
    const auto outline = std::make_shared<const Result<ModelOutline>>(outlineModel(name.toStdString(), stop));
    QMetaObject::invokeMethod(
        QCoreApplication::instance(),
        [guarded, name, outline] {
          if (guarded) guarded->tell(name, *outline);
        },
        Qt::QueuedConnection);
  });
}

void ModelPreview::tell(const QString& path, const Result<ModelOutline>& outline) {
  if (path != m_path) return;
  m_text->setForegroundRole(QPalette::WindowText);
  if (!outline.ok()) {
    m_text->setText(tr("This cannot be opened: %1").arg(QString::fromStdString(outline.error().message())));
    return;
  }
  const ModelOutline& found = outline.value();
  m_text->setText(tr("%1, %2\n%3\n%4")
                      .arg(QString::fromStdString(found.name), QString::fromStdString(found.format),
                           architectureText(found.config), sizeText(found)));
}

QString ModelPreview::text() const {
  return m_text->text();
}

}  // namespace decodescope
