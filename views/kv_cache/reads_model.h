#pragma once

#include "views/kv_cache/kv_lanes.h"
#include "views/shown_run.h"
#include "views/view.h"

#include <QString>
#include <QStringList>

#include <vector>

namespace decodescope {

/// Why Q is not cached: how often one head's K, V and q rows were read in the run up to the shown step,
/// counted from the rows that its steps computed.
class KvReadsModel {
 public:
  void present(const SessionSnapshot& session, const Selection& selection);

  bool ready() const { return m_shown.ready(); }
  const ShownRun& shown() const { return m_shown; }
  int tokens() const { return m_shown.tokens; }
  int steps() const { return m_shown.selection.step.value; }
  const StepRecord& record(int step) const { return m_shown.run->steps[static_cast<std::size_t>(step - 1)]; }

  /// Of one position, by one query head.
  struct Reads {
    int own = 0;    ///< in the step that fed the token
    int later = 0;  ///< in later steps, by rows that those computed for the first time
    int again = 0;  ///< in later steps, by rows that those computed again
  };
  const std::vector<Reads>& keyReads() const { return m_keys; }       ///< of K; V's are the same
  const std::vector<Reads>& queryReads() const { return m_queries; }  ///< of q
  /// MLA: of the latent, once a step for the rebuilding of its key and value; empty for others.
  const std::vector<Reads>& latentReads() const { return m_latents; }
  /// What the cache's rows are: of K and V, MLA's latents, none of linear attention.
  const std::vector<Reads>& cachedReads() const { return m_latents.empty() ? m_keys : m_latents; }
  bool isLatent() const { return m_shown.config().attention == AttentionKind::latent; }
  bool isLinear() const { return m_shown.config().attention == AttentionKind::linear; }
  /// Positions first … tokensSeen−1 whose rows some query of the step sees.
  int firstRead(const StepRecord& step) const;
  /// All reads of K rows together: the score cells that a head computed so far. Linear attention: rows of k
  /// and v that were added to the state.
  std::uint64_t allReads() const;
  /// What keeping Q too would take after the shown step: L · H · d · T · 4 bytes.
  std::uint64_t queryBytes() const;

  QString title() const;
  QStringList subtitle() const;
  /// Two or three sentences.
  QString explanation() const;
  QString readout() const;
  /// How often the rows of a position were read, as a sum.
  Explanation explanation(int position, bool ofQuery) const;
  QString toolTip(int position) const;
  QString description() const;
  std::vector<NamedTable> tables() const;

 private:
  ShownRun m_shown;
  std::vector<Reads> m_keys, m_queries, m_latents;
};

}  // namespace decodescope
