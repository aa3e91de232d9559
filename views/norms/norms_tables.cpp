#include "views/norms/histogram.h"
#include "views/norms/norms_model.h"

#include <array>
#include <span>

namespace decodescope {
namespace {

NamedTable tableOf(const QString& name, QStringList columns) {
  NamedTable table;
  table.name = name;
  table.columns = std::move(columns);
  return table;
}

template <class Numbers>
void addRow(NamedTable& table, const QString& label, const Numbers& values) {
  table.rowLabels << label;
  for (const auto v : values) table.values.push_back(static_cast<float>(v));
  table.shape = {static_cast<int>(table.rowLabels.size()), static_cast<int>(table.columns.size())};
}

QStringList elements(int count) {
  QStringList names;
  for (int i = 0; i < count; ++i) names << QStringLiteral("[%1]").arg(i);
  return names;
}

constexpr std::array kStatisticIds{"mean", "variance", "rms"};

}  // namespace

std::vector<NamedTable> NormsModel::tables() const {
  if (m_state != State::ready) return {};
  switch (m_settings.panel) {
    case NormsPanel::row: {
      const NormWeights weights = normWeightsAt(*m_run->model->model, m_place);
      const auto d = static_cast<std::size_t>(width());
      NamedTable table = tableOf(QStringLiteral("row"), elements(width()));
      addRow(table, QStringLiteral("x"), changed());
      addRow(table, QStringLiteral("layer_norm"), output(NormKind::layerNorm));
      addRow(table, QStringLiteral("rms_norm"), output(NormKind::rmsNorm));
      addRow(table, QStringLiteral("difference"), difference());
      addRow(table, QStringLiteral("gamma"), std::span(weights.weight, d));
      if (weights.bias) addRow(table, QStringLiteral("beta"), std::span(weights.bias, d));
      NamedTable statistics =
          tableOf(QStringLiteral("statistics"),
                  {QStringLiteral("mean"), QStringLiteral("variance"), QStringLiteral("rms"),
                   QStringLiteral("layer_norm_change"), QStringLiteral("rms_norm_change")});
      addRow(statistics, QStringLiteral("x"),
             std::array<double, 5>{m_statistics.mean, m_statistics.variance, m_statistics.rms(),
                                   change(NormKind::layerNorm), change(NormKind::rmsNorm)});
      return {table, statistics};
    }
    case NormsPanel::histogram: {
      std::vector<NamedTable> tables;
      const auto add = [&](const char* name, std::span<const float> values) {
        NamedTable table = tableOf(QLatin1String(name),
                                   {QStringLiteral("from"), QStringLiteral("to"), QStringLiteral("count")});
        const Histogram histogram = histogramOf(values);
        for (std::size_t i = 0; i < histogram.counts.size(); ++i)
          addRow(table, QString::number(i),
                 std::array<double, 3>{histogram.edge(i), histogram.edge(i + 1),
                                       static_cast<double>(histogram.counts[i])});
        tables.push_back(std::move(table));
      };
      add("x", changed());
      add("layer_norm", plainOutput(NormKind::layerNorm));
      add("rms_norm", plainOutput(NormKind::rmsNorm));
      return tables;
    }
    case NormsPanel::layers: {
      std::vector<NamedTable> tables;
      for (const NormStatistic statistic : kNormStatistics) {
        QStringList columns;
        for (int t = 0; t < m_tokens; ++t) columns << tokenText(t);
        NamedTable table =
            tableOf(QLatin1String(kStatisticIds[static_cast<std::size_t>(statistic)]), columns);
        const std::span<const float> map = statisticMap(statistic);
        for (std::size_t p = 0; p < m_places.size(); ++p)
          addRow(table, placeName(m_places[p]),
                 map.subspan(p * static_cast<std::size_t>(m_tokens), static_cast<std::size_t>(m_tokens)));
        tables.push_back(std::move(table));
      }
      return tables;
    }
    case NormsPanel::columns: {
      NamedTable table = tableOf(QStringLiteral("rows"), elements(width()));
      NamedTable byRow = tableOf(QStringLiteral("by_row"),
                                 {QStringLiteral("mean"), QStringLiteral("variance"), QStringLiteral("rms")});
      const auto d = static_cast<std::size_t>(width());
      for (int t = 0; t < m_tokens; ++t) {
        addRow(table, tokenText(t), std::span(rows()).subspan(static_cast<std::size_t>(t) * d, d));
        const RowStatistics s = rowStatisticsOf(t);
        addRow(byRow, tokenText(t), std::array<double, 3>{s.mean, s.variance, s.rms()});
      }
      NamedTable byColumn = tableOf(QStringLiteral("by_column"), elements(width()));
      addRow(byColumn, QStringLiteral("mean"), columns().mean);
      addRow(byColumn, QStringLiteral("variance"), columns().variance);
      return {table, byRow, byColumn};
    }
  }
  return {};
}

}  // namespace decodescope
