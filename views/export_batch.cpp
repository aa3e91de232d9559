#include "views/export_batch.h"

#include "views/render_command.h"

#include <QDir>

namespace decodescope {

Result<int> exportBatch(const std::vector<ExportItem>& items, const std::vector<ExportFormat>& formats,
                        const QString& folder, const FigureSize& figure, bool dark,
                        const std::function<bool(int done, int of, const QString& file)>& progress) {
  if (!QDir().mkpath(folder)) return Error{.file = folder.toStdString(), .what = "cannot be made a folder"};
  const int of = static_cast<int>(items.size() * formats.size());
  int done = 0;
  for (const ExportItem& item : items) {
    for (const ExportFormat format : formats) {
      const QString name = item.id + QLatin1Char('.') + suffixOf(format);
      if (!progress(done, of, name)) return done;
      const QString path = QDir(folder).filePath(name);
      const QString command =
          renderCommand(*item.session, item.selection, item.id, *item.view, figure, dark, path);
      DECODESCOPE_CHECK(exportView(*item.view, format, path, figure, dark, command));
      ++done;
    }
  }
  return done;
}

}  // namespace decodescope
