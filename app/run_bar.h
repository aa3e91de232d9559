#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "core/decode/run_snapshot.h"
#endif
#include "views/theme.h"

#include <QWidget>

class QAction;
class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QMenu;
class QSpinBox;
class QToolButton;

namespace decodescope {

class SwitchButton;

/// The form behind the sampling button.
class SamplingEditor : public QWidget {
  Q_OBJECT

 public:
  explicit SamplingEditor(QWidget* parent = nullptr);
  void setSettings(const RunSettings& settings);
  RunSettings settings(RunSettings base) const;

 signals:
  void edited();

 private:
  QDoubleSpinBox* m_temperature;
  QSpinBox* m_topK;
  QDoubleSpinBox* m_topP;
  QSpinBox* m_seed;
  QCheckBox* m_ignoreEos;
};

/// The row on top: model, prompt, cache, sampling, heads worth seeing.
class RunBar : public QWidget {
  Q_OBJECT

 public:
  explicit RunBar(QWidget* parent = nullptr);

  void applyTheme(const Theme& theme);
  /// Leaves out what a window this many unscaled pixels wide has no room for: labels, and the text of
  /// buttons.
  void fitTo(double room);
  /// Fills the model list: bundled, then recent ones; `current` is shown even when it is neither.
  void setModels(const QStringList& bundled, const QStringList& recent, const QString& current);
  void setHeads(const std::vector<NotableHead>& heads);
  void setSettings(const RunSettings& settings);
  RunSettings settings() const;
  QString prompt() const;
  void setPrompt(const QString& prompt);
  void focusPrompt();
  /// What the Compare button offers.
  void setCompareMenu(QMenu* menu);
  /// The cache switch as a menu entry, with its shortcut.
  QAction* cacheAction() const { return m_cacheAction; }

 signals:
  void modelChosen(const QString& path);
  void openRequested();
  void promptEntered(const QString& prompt);
  void settingsEdited();
  void headChosen(LayerIndex layer, HeadIndex head);

 private:
  void showSamplingText();

  QLabel* m_modelLabel;
  QLabel* m_promptLabel;
  QComboBox* m_model;
  QLineEdit* m_prompt;
  SwitchButton* m_cache;
  QAction* m_cacheAction;
  QToolButton* m_sampling;
  SamplingEditor* m_editor;
  QToolButton* m_heads;
  QToolButton* m_compare;
  QString m_currentModel;
  RunSettings m_settings;
};

}  // namespace decodescope
