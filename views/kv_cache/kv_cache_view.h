#pragma once

#include "views/kv_cache/contents_picture.h"
#include "views/kv_cache/kv_cache_model.h"
#include "views/view.h"

#include <memory>

namespace decodescope {

/// What the KV cache holds, layer by layer and head by head.
class KvCacheView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override;
  void setScaleEnds(const std::vector<double>& ends) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  Selection moved(const Selection& selection, int dx, int dy) const override;
  std::vector<NamedTable> tables() const override { return m_model.tables(); }
  QString description() const override { return m_model.description(); }

  const KvCacheModel& model() const { return m_model; }
  const KvCacheLayout& layout() const { return m_contents.layout(); }

 private:
  KvCacheModel m_model;
  KvContentsSettings m_settings;
  KvContentsPicture m_contents;
};

std::unique_ptr<View> makeKvCacheView();

}  // namespace decodescope
