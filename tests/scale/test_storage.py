"""Pictures in object storage, read from a server that speaks S3 and fails when told to."""

import pickle

import numpy as np
import pytest

import zapsim
from zapsim.scale import open_bucket

KEYS = ("Boots/a.jpg", "Boots/b c'd.jpg", "Shoes/ü.jpg")


@pytest.fixture
def bucket(s3, make_folder):
    """Return the address of a bucket, and the folder with the same pictures."""
    folder = make_folder(*KEYS, metadata="key,Colour\nBoots/a.jpg,red\n")
    s3.client.create_bucket(Bucket="shop")
    for path in filter(lambda path: path.is_file(), folder.rglob("*")):
        name = f"pictures/{path.relative_to(folder).as_posix()}"
        s3.client.put_object(Bucket="shop", Key=name, Body=path.read_bytes())
    yield s3.address("shop/pictures"), folder
    for entry in s3.client.list_objects_v2(Bucket="shop")["Contents"]:
        s3.client.delete_object(Bucket="shop", Key=entry["Key"])
    s3.client.delete_bucket(Bucket="shop")


def test_a_bucket_is_the_catalogue_that_its_folder_is(bucket):
    address, folder = bucket
    there = zapsim.load_catalogue(open_bucket(address))
    here = zapsim.load_catalogue(folder)
    assert list(there.keys) == sorted(KEYS) == list(here.keys)
    assert there.table.equals(here.table) and there.table["Colour"].iloc[0] == "red"
    for key in KEYS:
        assert there.read(key) == here.read(key)
        assert there.content(key) == here.content(key)
    assert np.array_equal(there.picture(KEYS[2]), here.picture(KEYS[2]))


def test_other_processes_connect_themselves(bucket):
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0]))
    copy = pickle.loads(pickle.dumps(catalogue.portion([KEYS[1]])))
    assert copy.read(KEYS[1]) == catalogue.read(KEYS[1])
    assert list(copy.keys) == [KEYS[1]]


def test_features_are_those_of_the_folder(bucket, extractor):
    there = extractor.extract(zapsim.load_catalogue(open_bucket(bucket[0])))
    here = extractor.extract(zapsim.load_catalogue(bucket[1]))
    assert there.equals(here)


@pytest.mark.parametrize("fault", [403, 404, 503, "cut"])
def test_one_object_that_cannot_be_read_is_a_picture_that_cannot_be_read(
    bucket, s3, extractor, fault, tmp_path
):
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0]))
    s3.faults["Boots/a.jpg"] = fault
    with pytest.warns(UserWarning, match=r"1 picture could not be read[\s\S]*Boots/a.jpg"):
        features = extractor.extract(catalogue, cache=tmp_path / "store")
    assert list(features.index) == sorted(KEYS)[1:]
    s3.faults.clear()
    assert len(extractor.extract(catalogue, cache=tmp_path / "store")) == 3


@pytest.mark.parametrize("fault", [403, 503])
def test_a_bucket_that_does_not_answer_any_more_stops_the_run(bucket, s3, extractor, fault):
    catalogue = zapsim.load_catalogue(open_bucket(bucket[0]))
    s3.faults["shop"] = fault
    with pytest.raises(ConnectionError, match="does not answer any more"):
        extractor.extract(catalogue)


@pytest.mark.parametrize("fault", [403, 404, 503])
def test_a_bucket_that_cannot_be_listed_says_what_to_look_at(bucket, s3, fault):
    s3.faults["shop"] = fault
    with pytest.raises(ConnectionError, match=r"cannot be listed[\s\S]*credentials"):
        open_bucket(bucket[0])


def test_a_bucket_that_does_not_exist_cannot_be_listed(s3):
    with pytest.raises(ConnectionError, match=r"nowhere/pictures cannot be listed"):
        open_bucket(s3.address("nowhere/pictures"))


def test_what_is_no_address_or_holds_no_picture_is_said(s3, bucket):
    with pytest.raises(ValueError, match="goes to load_catalogue itself"):
        open_bucket("pictures")
    with pytest.raises(ValueError, match="Not an address in object storage"):
        open_bucket("nothing://shop/pictures")
    s3.client.put_object(Bucket="shop", Key="texts/a.txt", Body=b"no picture")
    with pytest.raises(ValueError, match=r"No pictures below shop/texts"):
        open_bucket(s3.address("shop/texts"))
