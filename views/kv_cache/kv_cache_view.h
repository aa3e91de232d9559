#pragma once

#include "views/kv_cache/contents_picture.h"
#include "views/kv_cache/kv_cache_model.h"
#include "views/kv_cache/lockstep_picture.h"
#include "views/kv_cache/reads_picture.h"
#include "views/kv_cache/work_picture.h"
#include "views/picture_frame.h"
#include "views/view.h"

#include <memory>

namespace decodescope {

/// The KV cache: what it holds, layer by layer and head by head; what the steps cost with and without it;
/// which rows and cells a step computes, reuses or computes again; and why Q is not kept.
class KvCacheView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override;
  void setScaleEnds(const std::vector<double>& ends) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  bool showsAllLanes() const override { return m_panel == Panel::work || m_panel == Panel::lockstep; }
  std::optional<Hit> hitTest(QPointF point) const override;
  Selection moved(const Selection& selection, int dx, int dy) const override;
  std::vector<NamedTable> tables() const override;
  QString beyondCommand() const override;
  QString description() const override;

  const KvCacheModel& model() const { return m_model; }
  const KvCacheLayout& layout() const { return m_contents.layout(); }
  const KvWorkModel& work() const { return m_workModel; }
  const KvLockstepModel& lockstep() const { return m_lockstepModel; }
  const KvLockstepPicture& lockstepPicture() const { return m_lockstep; }
  const KvReadsModel& reads() const { return m_readsModel; }

 private:
  enum class Panel { contents, work, lockstep, reads };
  bool hasPicture() const { return m_model.state() == KvCacheModel::State::ready; }
  FrameTexts texts(const Theme& theme) const;
  void presentPanel();

  Panel m_panel = Panel::contents;
  KvContentsSettings m_settings;
  KvWorkSettings m_workSettings;

  KvCacheModel m_model;  ///< also says what there is to show at all
  KvWorkModel m_workModel;
  KvLockstepModel m_lockstepModel;
  KvReadsModel m_readsModel;

  KvContentsPicture m_contents;
  KvWorkPicture m_work;
  KvLockstepPicture m_lockstep;
  KvReadsPicture m_reads;

  SessionSnapshot m_session;  ///< presented last, for a panel that is chosen after
  Selection m_selection;
};

std::unique_ptr<View> makeKvCacheView();

}  // namespace decodescope
