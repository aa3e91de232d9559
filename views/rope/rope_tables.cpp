#include "views/rope/rope_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace decodescope {
namespace {

NamedTable tableOf(const char* name, QStringList columns) {
  NamedTable table;
  table.name = QString::fromLatin1(name);
  table.columns = std::move(columns);
  return table;
}

void addRow(NamedTable& table, const QString& label, std::span<const double> values) {
  table.rowLabels << label;
  for (const double v : values) table.values.push_back(static_cast<float>(v));
  table.shape = {static_cast<int>(table.rowLabels.size()), static_cast<int>(table.columns.size())};
}

void addRow(NamedTable& table, const QString& label, std::span<const float> values) {
  table.rowLabels << label;
  table.values.insert(table.values.end(), values.begin(), values.end());
  table.shape = {static_cast<int>(table.rowLabels.size()), static_cast<int>(table.columns.size())};
}

QStringList elements(int count) {
  QStringList names;
  for (int i = 0; i < count; ++i) names << QStringLiteral("[%1]").arg(i);
  return names;
}

}  // namespace

std::vector<NamedTable> RopeModel::tables() const {
  if (m_state == State::table) {
    NamedTable all = tableOf("positions", elements(config().hiddenSize));
    for (int p = 0; p < m_tablePositions; ++p) addRow(all, QString::number(p), tableRow(p));
    NamedTable row = tableOf("position", elements(config().hiddenSize));
    const int at = std::min(m_selection.query.value, m_tablePositions - 1);
    addRow(row, QString::number(at), tableRow(at));
    return {all, row};
  }
  if (m_state != State::rotary) return {};
  NamedTable score = tableOf(
      "score", {QStringLiteral("query_position"), QStringLiteral("key_position"), QStringLiteral("score")});
  addRow(score, QStringLiteral("run"),
         std::array<double, 3>{static_cast<double>(m_selection.query.value),
                               static_cast<double>(m_selection.key.value), m_score});
  addRow(score, QStringLiteral("shifted"),
         std::array<double, 3>{static_cast<double>(queryPosition()), static_cast<double>(keyPosition()),
                               m_shifted});
  switch (m_settings.panel) {
    case RopePanel::dials: {
      QStringList columns{QStringLiteral("theta"), QStringLiteral("query_angle"),
                          QStringLiteral("key_angle")};
      for (const char* name : {"q", "k", "q_rot", "k_rot"})
        columns << QStringLiteral("%1_first").arg(QLatin1String(name))
                << QStringLiteral("%1_second").arg(QLatin1String(name));
      columns << QStringLiteral("product");
      NamedTable table = tableOf("pairs", columns);
      for (const RopePairShown& p : m_pairs) {
        addRow(table, QStringLiteral("pair %1").arg(p.pair),
               std::array<double, 12>{p.theta, p.queryAngle, p.keyAngle, p.query.x(), p.query.y(), p.key.x(),
                                      p.key.y(), p.turnedQuery.x(), p.turnedQuery.y(), p.turnedKey.x(),
                                      p.turnedKey.y(), p.product});
      }
      return {table, score};
    }
    case RopePanel::matrix: {
      const int d = config().rotaryDim();
      NamedTable table = tableOf("matrix", elements(d));
      const std::vector<float> values = matrix();
      for (int r = 0; r < d; ++r)
        addRow(table, QStringLiteral("[%1]").arg(r),
               std::span(values).subspan(static_cast<std::size_t>(r) * static_cast<std::size_t>(d),
                                         static_cast<std::size_t>(d)));
      NamedTable rows = tableOf("rows", elements(d));
      addRow(rows, QStringLiteral("q"), query());
      addRow(rows, QStringLiteral("cos"), std::span<const float>(repeated(true)));
      addRow(rows, QStringLiteral("partner"), std::span<const float>(partners()));
      addRow(rows, QStringLiteral("sin"), std::span<const float>(repeated(false)));
      addRow(rows, QStringLiteral("q_rot"), turnedQuery());
      return {table, rows};
    }
    case RopePanel::spectrum: {
      NamedTable table = tableOf("frequencies", {QStringLiteral("theta"), QStringLiteral("wavelength"),
                                                 QStringLiteral("unscaled_theta")});
      for (const RopePairShown& p : m_pairs)
        addRow(table, QString::number(p.pair),
               std::array<double, 3>{p.theta, 2 * std::numbers::pi / p.theta, p.unscaledTheta});
      return {table};
    }
    case RopePanel::distance: {
      const std::vector<double> parts = pairScores();
      QStringList columns{QStringLiteral("score"), QStringLiteral("bound")};
      if (!parts.empty()) columns << QStringLiteral("pair_%1").arg(m_settings.pair);
      NamedTable table = tableOf("distances", columns);
      for (std::size_t r = 0; r < distanceScores().size(); ++r) {
        std::vector<double> row{distanceScores()[r], distanceBounds()[r]};
        if (!parts.empty()) row.push_back(parts[r]);
        addRow(table, QString::number(r), std::span<const double>(row));
      }
      return {table, score};
    }
  }
  return {};
}

}  // namespace decodescope
