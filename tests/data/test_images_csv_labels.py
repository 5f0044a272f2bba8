"""Labels of image files, from a CSV file."""

import numpy as np
import pytest

from tfdeepsim.data.images.csv_labels import read_csv_labels
from tfdeepsim.errors import InputError

NAMES = ["set/a.jpg", "set/deep/b.jpg", "set/deep/c.jpg"]


@pytest.fixture
def read(tmp_path):
    def call(text, names=NAMES, wrapping="set/", label_type="auto"):
        path = tmp_path / "labels.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_csv_labels(str(path), names, wrapping, label_type)

    return call


def test_numbers_are_regressed_in_the_order_of_the_images(read):
    labels = read("file,x,y\nset/deep/c.jpg,5,-6e1\nset/a.jpg,1,2.5\nset/deep/b.jpg,3,4\n")
    assert labels.values.dtype == np.float64
    assert labels.values.tolist() == [[1, 2.5], [3, 4], [5, -60]]
    assert labels.class_names == ()


def test_one_column_of_names_is_a_class(read):
    labels = read("file,animal\nset/a.jpg,dog\nset/deep/b.jpg,cat\nset/deep/c.jpg,dog\n")
    assert labels.values.dtype == np.int64
    assert labels.values.tolist() == [1, 0, 1]
    assert labels.class_names == ("cat", "dog")


def one_column(*values):
    return "file,x\n" + "".join(f"{n},{v}\n" for n, v in zip(NAMES, values, strict=True))


@pytest.mark.parametrize(
    "values",
    [
        ("1_1", "321_04", "1_1"),
        ("None", "NA", "nan"),
        ("1", "2", "n/a"),
        ("inf", "1", "2"),
        ("\u0661", "2", "3"),
        ("0x10", "1e", "3"),
    ],
)
def test_a_column_is_of_numbers_only_if_all_are_plain_decimals(read, values):
    assert read(one_column(*values)).class_names == tuple(sorted(set(values)))


def test_numbers_keep_their_precision(read):
    labels = read(one_column(1700000000, 1700000001, 1700000002))
    assert np.ptp(labels.values) == 2


def test_label_type_overrides(read):
    text = one_column(1, 2, 10)
    assert read(text).class_names == ()
    assert read(text, label_type="class").class_names == ("1", "10", "2")
    with pytest.raises(InputError, match=r"got 'NA' for .*accepted: numbers only"):
        read(one_column(1, 2, "NA"), label_type="number")
    with pytest.raises(InputError, match="--label-type class"):
        read("file,x,y\na.jpg,1,2\nb.jpg,1,2\nc.jpg,3,4\n", label_type="class")


def test_two_spellings_of_an_accented_letter_are_one_name(read):
    text = "file,x\ncafe\u0301.jpg,1\nb.jpg,2\n"
    assert read(text, ["caf\u00e9.jpg", "b.jpg"], "").values.tolist() == [[1], [2]]


@pytest.mark.parametrize(
    "files",
    [
        ("set/a.jpg", "./set/deep/b.jpg", "set\\deep\\c.jpg"),
        ("a.jpg", "deep/b.jpg", "deep/c.jpg"),
        ("a.jpg", "b.jpg", "c.jpg"),
    ],
)
def test_files_may_be_spelled_in_short(read, files):
    assert read(
        "file,x\n" + "".join(f"{file},{i}\n" for i, file in enumerate(files))
    ).values.tolist() == [
        [0],
        [1],
        [2],
    ]


def test_marks_spaces_quotes_and_empty_lines_do_not_matter(read):
    text = '\ufefffile, x\r\n"set/a.jpg", 1\r\n\r\nb.jpg,"2"\r\nc.jpg, 3 \r\n'
    assert read(text).values.tolist() == [[1], [2], [3]]


def test_a_file_name_that_two_images_share_is_refused(read):
    with pytest.raises(InputError, match=r"1 rows for files that are no images.*e\.g\. a\.jpg"):
        read("file,x\na.jpg,1\ny/a.jpg,2\n", names=["x/a.jpg", "y/a.jpg"], wrapping="")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,x\na.jpg,1\nb.jpg,2\n", r"without 1 of 3 images, e\.g\. set/deep/c\.jpg"),
        (
            "file,x\na.jpg,1\nb.jpg,2\nc.jpg,3\nd.jpg,4\ne.jpg,4\n",
            r"2 rows for files that are no images.*e\.g\. d\.jpg",
        ),
        (
            "file,x\na.jpg,1\nb.jpg,2\nc.jpg,3\nset/a.jpg,4\n",
            r"1 rows for images that have one already.*set/a\.jpg",
        ),
        ("file,x,y\na.jpg,1,1\nb.jpg,nan,1\nc.jpg,3,1\n", "got 'nan' for set/deep/b.jpg"),
        ("file,x\na.jpg,1\nb.jpg,1e309\nc.jpg,3\n", "must be finite: got 1e309"),
        ("file,x,y\na.jpg,1,2\nb.jpg,1\nc.jpg,3,4\n", "2 values for 3 columns at b.jpg"),
        ("file,x\na.jpg,1\nb.jpg,\nc.jpg,3\n", "an empty value at b.jpg"),
        (
            "file,x,y\na.jpg,1,1\nb.jpg,2,1\nc.jpg,3.4.5,1\n",
            "got '3.4.5' for set/deep/c.jpg.*one of 1 such",
        ),
        ("file,x,y\na.jpg,1,u\nb.jpg,2,v\nc.jpg,3,w\n", "got 'u' for set/a.jpg.*one of 3 such"),
        ("file,x,y\na.jpg,s,u\nb.jpg,s,v\nc.jpg,t,w\n", "accepted: numbers only, or one column"),
        ("name,x\na.jpg,1\n", "the header 'name,x'"),
        ("file\na.jpg\n", "the header 'file'"),
        ("", "the header ''"),
        ("file,x\n", "without 3 of 3 images"),
        (b"\xff\xfe\x00file", "readable CSV file"),
    ],
)
def test_anything_but_one_row_for_each_image_ends_in_one_line(read, text, words):
    with pytest.raises(InputError, match=words) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_reported(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(
            InputError, match=r"must be a readable CSV file: got .*(No such file|Is a directory)"
        ):
            read_csv_labels(str(path), NAMES)
