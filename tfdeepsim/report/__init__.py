"""From the files of finished runs to a table, figures and one page.

`tfdeepsim.report.score_table.print_scores` prints scores; `tfdeepsim.report.write.write_report` writes
everything else. Both read run directories and scores only: no TensorFlow.
"""
