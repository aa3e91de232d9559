#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "core/formats/loaded_model.h"
#endif

#include <QWidget>

#include <stop_token>

class QFileDialog;
class QLabel;

namespace decodescope {

/// What is in the model that is marked in a file dialog, before it is opened: its headers are read on another
/// thread, its weights are not.
class ModelPreview : public QWidget {
  Q_OBJECT

 public:
  explicit ModelPreview(QWidget* parent = nullptr);
  ~ModelPreview() override;

  /// A row below the files of a dialog that Qt draws itself.
  static void addTo(QFileDialog& dialog);

  /// A file or a folder; one that can be no model leaves the preview empty.
  void show(const QString& path);
  QString text() const;

 private:
  void tell(const QString& path, const Result<ModelOutline>& outline);

  QLabel* m_text;
  QString m_path;
  std::stop_source m_reading;
};

}  // namespace decodescope
