from tfdeepsim.probes.mlp.progress import SuiteProgress


def test_says_epoch_and_how_many_members_still_train(capsys):
    with SuiteProgress(epochs=50, members=14, shown=True) as progress:
        progress.update(7, 3)
    assert "epoch 7/50  3 of 14 members still train" in capsys.readouterr().out


def test_quiet(capsys):
    with SuiteProgress(epochs=50, members=14, shown=False) as progress:
        progress.update(7, 3)
    assert capsys.readouterr().out == ""
