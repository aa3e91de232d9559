#pragma once

#include "views/kv_cache/kv_lanes.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <vector>

namespace decodescope {

/// What became of a row or cell of the selected head's matrices in a step.
enum class KvCellState {
  absent,    ///< not computed: nobody asks for it
  reused,    ///< a row that was read from the cache
  rebuilt,   ///< MLA: a row of K or V, made once more from its cached latent
  dropped,   ///< a row of K or V that has left the sliding window: no query sees it
  folded,    ///< linear attention: a row of K or V that is part of the state, and kept nowhere
  added,     ///< computed in this step for the first time
  unused,    ///< the same, but nothing reads it: in the last layer all but the last token's
  repeated,  ///< had been computed before, and was computed again
};

/// The five matrices of softmax(Q·Kᵀ/√d)·V, and MLA's cached rows: latents with their rotary keys.
enum class KvMatrix { q, k, scores, v, context, latent };

/// What one lane computed of the selected layer and head in its step, row by row.
class KvLockstepLane {
 public:
  KvLockstepLane(KvLane lane, bool isLastLayer) : m_lane(std::move(lane)), m_lastLayer(isLastLayer) {}

  const KvLane& lane() const { return m_lane; }
  int tokens() const { return m_lane.record().tokensSeen; }
  int firstRow() const { return m_lane.record().firstRow; }
  int firstNew() const { return m_lane.record().firstNewPosition; }
  bool masked() const { return m_lane.run->settings.rules.causalMask; }
  bool isLastLayer() const { return m_lastLayer; }
  const ModelConfig& config() const { return m_lane.run->model->config(); }
  bool isLatent() const { return config().attention == AttentionKind::latent; }
  /// No scores: a state in their place.
  bool isLinear() const { return config().attention == AttentionKind::linear; }
  /// Row `query` was compared with the keys firstVisible() … endVisible() − 1.
  int firstVisible(int query) const { return masked() ? config().firstVisible(query) : 0; }
  int endVisible(int query) const { return masked() ? query + 1 : tokens(); }
  int visible(int query) const { return isLinear() ? 0 : endVisible(query) - firstVisible(query); }
  bool sees(int query, int key) const {
    return !isLinear() && key >= firstVisible(query) && key < endVisible(query);
  }
  KvCellState row(KvMatrix matrix, int position) const;
  /// absent also where the mask hides the key.
  KvCellState score(int query, int key) const;

  /// Rows of a matrix, or cells of the scores, in a state.
  std::uint64_t count(KvMatrix matrix, KvCellState state) const;
  /// In states of work: what the kernels count in this step as the computing of rows and of cells.
  std::uint64_t computed(KvMatrix matrix) const;

 private:
  KvLane m_lane;
  bool m_lastLayer;
};

/// Cache on and off in lockstep: which rows and cells a step computed, reused, or computed again for nothing.
class KvLockstepModel {
 public:
  void present(const SessionSnapshot& session, const Selection& selection);

  bool ready() const { return !m_lanes.empty(); }
  const Selection& selection() const { return m_selection; }
  const std::vector<KvLockstepLane>& lanes() const { return m_lanes; }
  int tokens() const;  ///< of the longest lane
  QString label(int position) const;

  QString title() const;
  QStringList subtitle() const;
  QString note() const;
  QString readout() const;
  QString shortReadout() const;
  QString laneTitle(const KvLockstepLane& lane) const;
  QStringList laneFacts(const KvLockstepLane& lane) const;
  QString stateText(KvCellState state) const;
  QString rowToolTip(const KvLockstepLane& lane, KvMatrix matrix, int position) const;
  QString scoreToolTip(const KvLockstepLane& lane, int query, int key) const;
  QString description() const;
  std::vector<NamedTable> tables() const;

 private:
  QString tokenText(int position) const;
  QString laneStates() const;  ///< of the selected score

  Selection m_selection;
  std::vector<KvLockstepLane> m_lanes;
};

}  // namespace decodescope
