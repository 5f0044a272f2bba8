"""Tables, figures and one page from the files of finished runs.

`tfdeepsim.report.score_table.print_scores` prints scores, `tfdeepsim.report.write.write_report`
writes everything else. Both need the files of runs and their scores only, and no TensorFlow.
"""
