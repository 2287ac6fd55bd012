"""predictor.py: neighbours that can be checked by eye, filters, plots and HTML."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics.pairwise import cosine_similarity

import zapsim

KEYS = [
    "Boots/Ankle/Aye/1.1.jpg",
    "Boots/Ankle/Aye/1.2.jpg",
    "Boots/Ankle/Bee/2.1.jpg",
    "Shoes/Oxfords/Aye/3.1.jpg",
    "Shoes/Oxfords/Bee/4.1.jpg",
    "Shoes/Oxfords/Bee/4.2.jpg",
]
METADATA = """CID,Closure
1-1,Zipper;Buckle
1-2,Zipper; Buckle
2-1,Lace up
3-1,Lace up;Buckle
4-1,
"""
DEGREES = [0, 1, 10, 50, 60, 62]


@pytest.fixture
def catalogue(make_folder):
    return zapsim.load_catalogue(make_folder(*KEYS, metadata=METADATA))


@pytest.fixture
def features(catalogue, on_a_circle):
    return on_a_circle(catalogue, DEGREES)


@pytest.fixture(params=["features", "matrix"])
def predictor(request, catalogue, features):
    """The same predictor, once from features and once from their matrix."""
    given = features if request.param == "features" else zapsim.similarity_matrix(features)
    return zapsim.SimilarityPredictor(catalogue, given)


def keys(found):
    return [KEYS.index(key) for key in found["key"]]


def texts(figure):
    return [axes.get_xlabel() for axes in figure.axes]


def test_neighbours_are_ranked_with_scores_and_metadata(predictor):
    found = predictor.similar(KEYS[3], k=3)
    assert keys(found) == [4, 5, 2]
    assert list(found.columns[:4]) == ["rank", "key", "score", "Category"]
    assert list(found["rank"]) == [1, 2, 3]
    np.testing.assert_allclose(found["score"], np.cos(np.radians([10, 12, 40])), atol=1e-6)
    assert found["score"].dtype == np.float32
    assert list(found["Brand"]) == ["Bee", "Bee", "Bee"]
    assert found.loc[2, "Closure"] == "Lace up"


def test_the_ranking_is_that_of_the_articles_own_lines(catalogue):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.random((6, 9), np.float32), index=catalogue.keys)
    similarities = cosine_similarity(frame)
    article = pd.DataFrame(similarities, columns=frame.index, index=frame.index)
    ours = zapsim.SimilarityPredictor(catalogue, frame)
    for key in KEYS:
        theirs = article[key].sort_values(ascending=False)[1:6]
        found = ours.similar(key, k=5)
        assert list(found["key"]) == list(theirs.index)
        np.testing.assert_allclose(found["score"], theirs, atol=1e-6)


def test_the_ranking_is_that_of_top_k_ties_included(catalogue):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.random((6, 300), np.float32), index=catalogue.keys)
    frame.iloc[[2, 3, 5]] = frame.iloc[1].to_numpy()
    top, ours = zapsim.top_k(frame, 5), zapsim.SimilarityPredictor(catalogue, frame)
    for row, key in enumerate(KEYS):
        found = ours.similar(key, k=5)
        assert keys(found) == list(top.indices[row])
        np.testing.assert_array_equal(found["score"], top.scores[row])


def test_ties_break_by_lower_index_and_a_twin_is_found(catalogue, features):
    features.iloc[[1, 4]] = features.iloc[0].to_numpy()
    ours = zapsim.SimilarityPredictor(catalogue, features)
    assert keys(ours.similar(KEYS[4], k=2)) == [0, 1]


def test_equal_numbers_of_a_matrix_are_ties(catalogue):
    scores = pd.DataFrame(0.5, index=catalogue.keys, columns=catalogue.keys)
    scores.loc[KEYS[3], KEYS[4]] = np.nextafter(np.float32(0.5), np.float32(1))
    scores = scores.mask(np.eye(6, dtype=bool), 1)
    ours = zapsim.SimilarityPredictor(catalogue, scores)
    assert keys(ours.similar(KEYS[3], k=4)) == [4, 0, 1, 2]


def test_other_colourways_of_the_product_can_be_hidden(predictor):
    assert keys(predictor.similar(KEYS[0], k=2)) == [1, 2]
    assert keys(predictor.similar(KEYS[0], k=2, hide_colourways=True)) == [2, 3]


def test_without_products_hiding_colourways_hides_nothing(make_folder):
    catalogue = zapsim.load_catalogue(make_folder("one.jpg", "two.jpg"))
    frame = pd.DataFrame([[1.0, 0], [1, 1]], index=catalogue.keys)
    ours = zapsim.SimilarityPredictor(catalogue, frame)
    assert len(ours.similar("one.jpg", hide_colourways=True)) == 1


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"Category": "Boots"}, [2, 1, 0]),
        ({"Brand": ["Aye", "Bee"]}, [4, 5, 2, 1, 0]),
        ({"Category": "Shoes", "Brand": "Bee"}, [4, 5]),
        ({"Closure": "Buckle"}, [1, 0]),
        ({"Closure": ["Buckle", "Lace up"]}, [2, 1, 0]),
    ],
)
def test_filters_take_any_column_and_any_of_several_values(predictor, where, expected):
    assert keys(predictor.similar(KEYS[3], k=10, where=where)) == expected


def test_filters_take_a_whole_cell_and_values_that_are_no_text(catalogue, features):
    catalogue.table["Year"] = ["2019", "2020", "2020", "2021", "2020;2021", None]
    ours = zapsim.SimilarityPredictor(catalogue, features)
    assert keys(ours.similar(KEYS[0], where={"Year": 2020})) == [1, 2, 4]
    assert keys(ours.similar(KEYS[0], where={"Year": "2020;2021"})) == [4]
    with pytest.raises(ValueError, match="No item has Year None"):
        ours.similar(KEYS[0], where={"Year": None})


def test_a_filter_may_leave_nothing(predictor):
    found = predictor.similar(KEYS[3], where={"Category": "Boots", "Closure": "Lace up"}, k=9)
    assert keys(found) == [2]
    nothing = predictor.similar(KEYS[2], where={"Category": "Boots", "Closure": "Lace up"})
    assert len(nothing) == 0
    assert list(nothing.columns[:3]) == ["rank", "key", "score"]


def test_an_unknown_column_or_value_is_refused_and_the_known_ones_are_listed(predictor):
    with pytest.raises(KeyError, match="No column 'Colour'.*Category, SubCategory, Brand"):
        predictor.similar(KEYS[0], where={"Colour": "red"})
    with pytest.raises(ValueError, match="No item has Brand 'Cee'. There are: Aye, Bee"):
        predictor.similar(KEYS[0], where={"Brand": "Cee"})


def test_an_unknown_key_offers_the_closest(predictor):
    with pytest.raises(KeyError, match=r"No item 'Boots/Ankle/Aye/1\.3\.jpg' among 6.*closest are"):
        predictor.similar("Boots/Ankle/Aye/1.3.jpg")
    with pytest.raises(KeyError, match="One is 'Boots/Ankle/Aye"):
        predictor.plot("?")


@pytest.mark.parametrize("k", [0, -3, 1.5])
def test_k_must_be_a_whole_positive_number(predictor, k):
    with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
        predictor.similar(KEYS[0], k=k)


def test_more_than_exist_gives_what_exists_and_says_so(predictor):
    assert len(predictor.similar(KEYS[0], k=50)) == 5
    figure = predictor.plot(KEYS[0], k=50)
    assert len(figure.axes) == 1 + 5
    assert figure.get_suptitle() == "50 neighbours were asked for, 5 exist with these filters."
    assert "50 neighbours were asked for, 5 exist" in predictor.html(KEYS[0], k=50).data


def test_plot_shows_the_query_first_then_rank_score_and_name_in_rows(predictor):
    figure = predictor.plot(KEYS[3], k=5, columns=2)
    query, *neighbours = texts(figure)
    assert query.split() == ["query", "Aye,", "Oxfords,", "3.1"]
    assert neighbours[0].split() == ["#1", "0.985", "Bee,", "Oxfords,", "4.1"]
    assert [text.split()[0] for text in neighbours] == ["#1", "#2", "#3", "#4", "#5"]
    assert figure.get_suptitle() == ""
    shown = figure.axes[1].images[0].get_array()
    np.testing.assert_array_equal(shown, predictor.catalogue.picture(KEYS[4]))
    tops = [round(axes.get_position().y1, 3) for axes in figure.axes[1:]]
    assert len(set(tops)) == 3, "five neighbours in rows of two"


def test_plot_survives_a_picture_that_vanished(catalogue, features):
    ours = zapsim.SimilarityPredictor(catalogue, features)
    (catalogue.root / KEYS[4]).unlink()
    figure = ours.plot(KEYS[3], k=3)
    assert [len(axes.images) for axes in figure.axes] == [1, 0, 1, 1]
    assert "cannot be read" in ours.html(KEYS[3], k=3).data


def test_html_has_alternative_texts_and_pictures_inside(predictor):
    html = predictor.html(KEYS[3], k=2).data
    assert html.count("<img ") == html.count('src="data:image/jpeg;base64,') == 3
    assert 'alt="Aye, Oxfords, 3.1"' in html
    assert 'alt="Bee, Oxfords, 4.1"' in html
    assert '<th scope="row">#2</th>' in html
    assert ">0.985<" in html
    assert "width: 98.5%" in html


@pytest.mark.unix
def test_hostile_names_are_shown_as_text(make_folder):
    evil = """<img src=x onerror=alert('1')> & "quotes" $x^2$"""
    folder = make_folder(f"Boots/Ankle/{evil}/1.1.jpg", "Boots/Ankle/Aye/2.1.jpg")
    catalogue = zapsim.load_catalogue(folder)
    frame = pd.DataFrame([[1.0, 0], [1, 1]], index=catalogue.keys)
    ours = zapsim.SimilarityPredictor(catalogue, frame)
    html = ours.html("Boots/Ankle/Aye/2.1.jpg", k=1).data
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(&#x27;1&#x27;)&gt; &amp; &quot;quotes&quot;" in html
    label = ours.plot("Boots/Ankle/Aye/2.1.jpg", k=1).axes[1].xaxis.label
    assert "$x^2$" in label.get_text()
    assert not label.get_parse_math()


# --- a picture of one's own ------------------------------------------------------------------


@pytest.fixture
def searchable(catalogue):
    return zapsim.SimilarityPredictor(catalogue, zapsim.VGG16Extractor().extract(catalogue))


def test_a_copy_of_an_item_finds_it_first_and_the_extractor_comes_with_the_features(searchable):
    key = KEYS[2]
    found = searchable.similar_to(searchable.catalogue.root / key, k=3)
    assert found.loc[0, "key"] == key
    assert found.loc[0, "score"] == pytest.approx(1, abs=1e-6)
    assert searchable.extractor.settings == searchable._settings
    boots = searchable.similar_to(Image.new("RGB", (9, 9)), where={"Category": "Boots"}, k=9)
    assert set(boots["Category"]) == {"Boots"}
    figure = searchable.plot(searchable.catalogue.picture(key), k=2)
    assert texts(figure)[0].split() == ["query", "your", "picture"]


def test_an_unreadable_picture_is_refused_by_name(searchable, tmp_path):
    with pytest.raises(zapsim.PictureError, match="mine.jpg"):
        searchable.similar_to(tmp_path / "mine.jpg")


def test_a_vector_that_names_the_features_is_taken_by_name(catalogue, features):
    ours = zapsim.SimilarityPredictor(catalogue, features.set_axis(["x", "y"], axis=1))
    vector = pd.Series(features.iloc[3].to_numpy(), ["x", "y"])
    assert keys(ours.similar_to(vector, k=1)) == keys(ours.similar_to(vector[::-1], k=1)) == [3]


@pytest.mark.parametrize("kind", [np.array, pd.array, pd.Index, tuple])
def test_several_keys_may_come_in_any_kind_of_list(predictor, kind):
    both = predictor.similar(kind([KEYS[0], KEYS[3]]), unlike=kind([KEYS[5]]))
    pd.testing.assert_frame_equal(both, predictor.similar([KEYS[0], KEYS[3]], unlike=KEYS[5]))


def test_a_matrix_cannot_search_for_a_new_picture(catalogue, features):
    ours = zapsim.SimilarityPredictor(catalogue, zapsim.similarity_matrix(features))
    with pytest.raises(ValueError, match="matrix knows only its own items.*from features"):
        ours.similar_to(Image.new("RGB", (9, 9)))


def test_features_of_unknown_origin_need_an_extractor_that_fits(catalogue, features):
    with pytest.raises(ValueError, match="do not say how they were made"):
        zapsim.SimilarityPredictor(catalogue, features).similar_to(Image.new("RGB", (9, 9)))
    ours = zapsim.SimilarityPredictor(catalogue, features, zapsim.VGG16Extractor())
    with pytest.raises(ValueError, match="has 2,048 features, the catalogue's items have 2"):
        ours.similar_to(Image.new("RGB", (9, 9)))


# --- features that do not fit the catalogue --------------------------------------------------


def test_features_of_another_folder_are_refused(catalogue, features):
    other = features.set_axis([f"other/{key}" for key in KEYS])
    with pytest.raises(ValueError, match="None of the features' 6 keys.*other/Boots.*another"):
        zapsim.SimilarityPredictor(catalogue, other)


@pytest.mark.parametrize("as_matrix", [False, True])
def test_features_beyond_the_catalogue_are_left_out_with_a_warning(catalogue, features, as_matrix):
    sample = catalogue.subset(KEYS[:3])
    given = zapsim.similarity_matrix(features) if as_matrix else features
    with pytest.warns(UserWarning, match="3 of 6 features belong to no item"):
        ours = zapsim.SimilarityPredictor(sample, given)
    assert keys(ours.similar(KEYS[0], k=9)) == [1, 2]


def test_items_without_features_are_not_recommended(catalogue, features):
    ours = zapsim.SimilarityPredictor(catalogue, features.drop(KEYS[1]))
    assert keys(ours.similar(KEYS[0], k=1)) == [2]
    with pytest.raises(KeyError):
        ours.similar(KEYS[1])


def test_features_in_another_order_give_the_same_neighbours(catalogue, features, predictor):
    ours = zapsim.SimilarityPredictor(catalogue, features.iloc[::-1])
    assert list(ours.similar(KEYS[3])["key"]) == list(predictor.similar(KEYS[3])["key"])


@pytest.mark.parametrize("as_matrix", [False, True])
def test_nan_is_refused(catalogue, features, as_matrix):
    given = zapsim.similarity_matrix(features) if as_matrix else features
    given.iloc[2, 1] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity"):
        zapsim.SimilarityPredictor(catalogue, given)


@pytest.mark.parametrize("by", [100, -1.01, 0.3, 0.998, 3e38, 1 + 1j])
def test_a_matrix_of_other_numbers_than_cosine_similarities_is_refused(catalogue, features, by):
    matrix = zapsim.similarity_matrix(features)
    with pytest.raises(ValueError, match=r"1 on its diagonal.*1\.1.*divide each|complex"):
        zapsim.SimilarityPredictor(catalogue, matrix * by)
    with pytest.raises(ValueError, match="from -1 to 1, as .* Received: 1.2, without"):
        zapsim.SimilarityPredictor(catalogue, matrix.mask(matrix < 0.8, -1.2))


def test_products_of_vectors_become_similarities_as_the_error_says(catalogue, features):
    matrix = features @ features.T * np.outer(range(1, 7), range(1, 7))
    with pytest.raises(ValueError, match="np.sqrt"):
        zapsim.SimilarityPredictor(catalogue, matrix)
    lengths = np.sqrt(np.diag(matrix))
    ours = zapsim.SimilarityPredictor(catalogue, matrix / np.outer(lengths, lengths))
    assert keys(ours.similar(KEYS[3], k=3)) == [4, 5, 2]


def test_a_matrix_that_depends_on_which_item_is_asked_for_is_refused(catalogue, features):
    matrix = zapsim.similarity_matrix(features)
    matrix.loc[KEYS[4], KEYS[1]] = 0.25
    shuffled = matrix.sample(frac=1, random_state=0)
    for given in (matrix, shuffled):
        with pytest.raises(ValueError, match=r"whichever is asked for.*0\.25 in.*matrix\.T\) / 2"):
            zapsim.SimilarityPredictor(catalogue, given)
        zapsim.SimilarityPredictor(catalogue, (given + given.T) / 2)


@pytest.mark.parametrize("noise", [0, 1e-7, -1e-7])
def test_distances_are_not_taken_for_similarities(catalogue, features, noise):
    matrix = zapsim.similarity_matrix(features)
    distances = 1 - matrix
    for unfit in (distances, distances / 2, 3 * distances, -distances):
        unfit = unfit.mask(np.eye(len(unfit), dtype=bool), noise)
        with pytest.raises(ValueError, match="1 on its diagonal.* 1 - distances"):
            zapsim.SimilarityPredictor(catalogue, unfit)
    ours = zapsim.SimilarityPredictor(catalogue, 1 - distances)
    assert keys(ours.similar(KEYS[0])) == keys(
        zapsim.SimilarityPredictor(catalogue, matrix).similar(KEYS[0])
    )


def test_an_item_without_direction_may_score_0_with_itself(catalogue, features):
    features.iloc[1] = 0
    matrix = pd.DataFrame(cosine_similarity(features), catalogue.keys, catalogue.keys)
    assert matrix.iloc[1, 1] == 0
    for given in (matrix, matrix * 0, zapsim.similarity_matrix(features)):
        zapsim.SimilarityPredictor(catalogue, given)


def test_what_rounding_adds_to_the_scores_of_a_matrix_is_no_error(catalogue, features):
    features.iloc[1] = features.iloc[0]
    ours = zapsim.SimilarityPredictor(catalogue, zapsim.similarity_matrix(features) * 1.00001)
    assert ours.similar(KEYS[0], k=5)["score"].max() == 1


def test_scores_of_float16_vectors_are_no_error(make_folder):
    catalogue = zapsim.load_catalogue(make_folder(*(f"{n:03d}.jpg" for n in range(300))))
    rng = np.random.default_rng(0)
    for width in (2, 64, 2048):
        unit = zapsim.similarity.unit_vectors(rng.random((300, width))).astype(np.float16)
        scores = np.float16(np.float32(unit) @ np.float32(unit.T))
        matrix = pd.DataFrame(scores, catalogue.keys, catalogue.keys)
        zapsim.SimilarityPredictor(catalogue, matrix)


def test_a_matrix_whose_axes_differ_in_order_is_put_right_and_one_cut_is_refused(
    catalogue, features
):
    matrix = zapsim.similarity_matrix(features)
    expected = zapsim.SimilarityPredictor(catalogue, matrix).similar(KEYS[3], k=5)
    shuffled = zapsim.SimilarityPredictor(catalogue, matrix.sample(frac=1, random_state=0))
    assert list(shuffled.similar(KEYS[3], k=5)["key"]) == list(expected["key"])
    with pytest.raises(ValueError, match=r"same keys on both axes. Received: 3 rows and 6 columns"):
        zapsim.SimilarityPredictor(catalogue, matrix.iloc[:3])
    with pytest.raises(ValueError, match=r"same keys on both axes. .* 12 columns"):
        zapsim.SimilarityPredictor(catalogue, pd.concat([matrix, matrix], axis=1))


def test_an_extractor_that_did_not_make_the_features_is_refused(searchable):
    features = zapsim.VGG16Extractor().extract(searchable.catalogue)
    other = zapsim.VGG16Extractor(image_size=64)
    with pytest.raises(ValueError, match="made by another extractor"):
        zapsim.SimilarityPredictor(searchable.catalogue, features, other)


def test_what_is_no_table_of_features_is_refused_by_its_type(catalogue, features):
    with pytest.raises(TypeError, match="Received: ndarray"):
        zapsim.SimilarityPredictor(catalogue, features.to_numpy())
    with pytest.raises(TypeError, match="Received: Neighbours"):
        zapsim.SimilarityPredictor(catalogue, zapsim.top_k(features, 2))
    with pytest.raises(ValueError, match="features are empty"):
        zapsim.SimilarityPredictor(catalogue, features.iloc[:0])


def test_a_key_twice_is_refused(catalogue, features):
    with pytest.raises(ValueError, match=r"more than once, such as 'Boots/Ankle/Aye/1\.1\.jpg'"):
        zapsim.SimilarityPredictor(catalogue, pd.concat([features, features]))


def test_without_diversity_nothing_changes(predictor):
    plain = predictor.similar(KEYS[0], k=4)
    pd.testing.assert_frame_equal(predictor.similar(KEYS[0], k=4, diversity=0.0), plain)
    assert predictor.similar(KEYS[0], k=4, diversity=1e-9)["key"].tolist() == plain["key"].tolist()


def test_diversity_spreads_the_neighbours(predictor):
    """Of the others at 1, 10, 50, 60 and 62 degrees, with diversity 1 the farthest comes next."""
    assert keys(predictor.similar(KEYS[0], k=3)) == [1, 2, 3]
    found = predictor.similar(KEYS[0], k=3, diversity=1)
    # Then, nearest to one of the two: 10 degrees 9 away, 50 degrees 12 away, 60 degrees 2 away.
    assert keys(found) == [1, 5, 3]
    assert list(found["rank"]) == [1, 2, 3], "ranks are the order they were chosen in"
    wanted = np.cos(np.radians([1, 62, 50]))
    np.testing.assert_allclose(found["score"], wanted, atol=1e-6)


def test_diversity_of_hand_computed_gains(predictor):
    # Chosen 1 degree. Gains at 0.5: of 10 degrees (cos 10 - cos 9)/2, falling with the angle.
    assert keys(predictor.similar(KEYS[0], k=3, diversity=0.5)) == [1, 2, 3]
    # At 0.9: 10 degrees .1*.985-.9*.988=-.790, 62 degrees .1*.469-.9*.485=-.389: the farthest.
    assert keys(predictor.similar(KEYS[0], k=2, diversity=0.9)) == [1, 5]


def test_diversity_keeps_to_filters_and_to_what_there_is(predictor):
    found = predictor.similar(KEYS[0], k=9, diversity=0.5, hide_colourways=True)
    assert sorted(keys(found)) == [2, 3, 4, 5]
    found = predictor.similar(KEYS[0], k=2, where={"Category": "Shoes"}, diversity=1)
    assert keys(found) == [3, 5]
    none = predictor.similar(KEYS[2], where={"Closure": "Lace up", "Brand": "Bee"}, diversity=1)
    assert len(none) == 0


def test_diversity_in_plots_html_and_with_ones_own_picture(catalogue, features):
    predictor = zapsim.SimilarityPredictor(catalogue, features)
    wanted = [f"#{n}" for n in (1, 2, 3)]
    figure = predictor.plot(KEYS[0], k=3, diversity=1)
    assert [text.split()[0] for text in texts(figure)[1:]] == wanted
    assert "4.2" in texts(figure)[2]
    html = predictor.html(KEYS[0], k=3, diversity=1).data
    assert html.index("Ankle, 1.2") < html.index("Oxfords, 4.2") < html.index("Oxfords, 3.1")
    own = features.loc[KEYS[0]].to_numpy()
    assert keys(predictor.similar_to(own, k=3, diversity=1)) == [0, 5, 3]


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), True, "0.5"])
def test_wrong_diversity_is_an_error(predictor, wrong):
    with pytest.raises(ValueError, match="diversity must be a number from 0 to 1"):
        predictor.similar(KEYS[0], diversity=wrong)


def test_the_mean_vector_gives_the_mean_score(catalogue, features):
    predictor = zapsim.SimilarityPredictor(catalogue, features)
    unit = features.loc[KEYS[0]].to_numpy()
    mean = np.cos(np.radians(DEGREES)).mean()
    assert abs(float(unit @ predictor.mean_vector()) - mean) < 1e-6
    from_matrix = zapsim.SimilarityPredictor(catalogue, zapsim.similarity_matrix(features))
    with pytest.raises(ValueError, match="knows only its own items"):
        from_matrix.mean_vector()


def test_it_says_what_it_knows():
    catalogue, features = zapsim.load_catalogue(), zapsim.load_features()
    by_features = zapsim.SimilarityPredictor(catalogue, features)
    assert repr(by_features) == "SimilarityPredictor of 615 items, by 2,048 features"
    few = zapsim.SimilarityPredictor(catalogue, zapsim.similarity_matrix(features.iloc[:9]))
    assert repr(few) == "SimilarityPredictor of 9 items, by a similarity matrix"


def test_diverse_neighbours_are_chosen_from_the_nearest_100_or_3_k():
    keys = pd.Index([f"{n}.jpg" for n in range(200)])
    angles = np.radians(np.arange(200) * 0.8)
    frame = pd.DataFrame({"x": np.cos(angles), "y": np.sin(angles)}, index=keys)
    ours = zapsim.SimilarityPredictor(zapsim.Catalogue(None, pd.DataFrame(index=keys)), frame)
    for k, farthest in [(2, "100.jpg"), (50, "150.jpg")]:
        assert ours.similar("0.jpg", k, diversity=1)["key"].tolist()[:2] == ["1.jpg", farthest]


# --- arguments of the wrong shape --------------------------------------------------------------

PICTURE = np.zeros((9, 9, 3), np.uint8)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda p: p.similar([]), ValueError, "The list of what is liked must not be empty"),
        (lambda p: p.similar([KEYS[0], 5]), TypeError, "query must be the key.* Received: 5"),
        (lambda p: p.similar(PICTURE), TypeError, "key must be the key of one item.*ndarray"),
        (lambda p: p.row(None), TypeError, "key must be the key of one item.*Received: None"),
        (lambda p: p.similar(KEYS[0], k="5"), ValueError, "k must be a whole.*Received: k='5'"),
        (lambda p: p.similar(KEYS[0], k=True), ValueError, "k must be a whole.*Received: k=True"),
        (
            lambda p: p.similar(KEYS[0], where=["Boots"]),
            TypeError,
            r"where must be a dict, such as {'Category': 'Boots'}. Received: \['Boots'\]",
        ),
        (lambda p: p.matching("Boots"), TypeError, "where must be a dict.*Received: 'Boots'"),
        (
            lambda p: p.similar(KEYS[0], hide_colourways="no"),
            TypeError,
            "hide_colourways must be True or False. Received: 'no'",
        ),
        (
            lambda p: p.similar(KEYS[0], diversity=None),
            ValueError,
            "diversity must be a number from 0 to 1. .*diversity=None",
        ),
        (lambda p: p.values_of(["Brand"]), KeyError, r"No column \['Brand'\] to filter by"),
        (lambda p: p.plot(KEYS[0], columns=0), ValueError, "columns must be a whole.*columns=0"),
        (
            lambda p: p.plot(None),
            TypeError,
            "query must be the key of one item, or a picture: a path, bytes.*Received: None",
        ),
        (
            lambda p: p.html([KEYS[0], None]),
            TypeError,
            "query must be the key of one item, or a pic.*None",
        ),
        (
            lambda p: p.with_pictures(KEYS[:2]),
            TypeError,
            r"found must be a table as similar returns. Received: \['Boots",
        ),
        (
            lambda p: p.with_pictures(p.similar(KEYS[0]).drop(columns="rank")),
            ValueError,
            r"the columns rank, key, score, as similar returns. Received: key, score",
        ),
    ],
)
def test_what_was_wrong_what_was_received_and_what_to_do(predictor, ask, error, message):
    with pytest.raises(error, match=message):
        ask(predictor)


@pytest.mark.parametrize("wrong", [None, {"shoe.jpg"}, {"x": 1}, [True, False]])
def test_what_is_no_picture_is_refused_before_the_network_is_loaded(catalogue, features, wrong):
    ours = zapsim.SimilarityPredictor(catalogue, features)
    with pytest.raises(TypeError, match="picture must be a path, bytes, .* Received: "):
        ours.features_of(wrong)
    with pytest.raises(TypeError, match="query must be the key .*, or a picture: .* Received: "):
        ours.similar_to(wrong)


class Tensor:
    """What other libraries have in place of arrays."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        if self.values is None:
            raise RuntimeError("Can't call numpy() on a tensor that requires grad.")
        return np.array(self.values, dtype)


@pytest.mark.parametrize(
    "vector",
    [
        np.array([0.5, 0.5]),
        np.array([3, 3], np.uint8),
        np.array([2, 2], np.float16),
        [1, 1],
        (1.0, 1.0),
        pd.Series([0.1, 0.1], ["first", "second"]),
        Tensor([7.0, 7.0]),
    ],
    ids=lambda vector: type(vector).__name__,
)
def test_a_vector_of_the_same_space_is_searched_with(catalogue, features, vector):
    found = zapsim.SimilarityPredictor(catalogue, features).similar_to(vector, k=2)
    assert keys(found) == [3, 4]
    np.testing.assert_allclose(found["score"], np.cos(np.radians([5, 15])), atol=1e-6)


@pytest.mark.parametrize(
    ("vector", "error", "message"),
    [
        ([1.0, 2.0, 3.0], ValueError, "query has 3 features, the catalogue's items have 2.*same"),
        (np.ones((1, 2)), ValueError, r"of shape \(2,\). Received: shape \(1, 2\).*vectors\[0\]"),
        (pd.DataFrame(np.ones((2, 2))), ValueError, r"Received: shape \(2, 2\)"),
        (np.array(1.5), ValueError, r"Received: shape \(\)"),
        ([np.nan, 1], ValueError, "NaN or infinity in 1 of its 2 numbers"),
        ([np.inf, 1e300], ValueError, "NaN or infinity in 2 of its 2"),
        (np.array([1j, 1]), TypeError, "must be a picture, or a vector of 2 numbers"),
        (np.array([1, None]), TypeError, "must be a picture, or a vector of 2 numbers"),
        (Tensor(None), TypeError, r"requires grad.*tensor.detach\(\).cpu\(\).numpy\(\)"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_a_vector_of_another_space_is_refused(catalogue, features, vector, error, message):
    with pytest.raises(error, match=message):
        zapsim.SimilarityPredictor(catalogue, features).similar_to(vector)


def test_a_vector_of_zeros_scores_0_with_all(catalogue, features):
    found = zapsim.SimilarityPredictor(catalogue, features).similar_to([0, 0], k=6)
    assert list(found["score"]) == [0] * 6


class OwnModel:
    """Gives the items' own vectors for their files, and one vector for anything else."""

    def __init__(self, vector, features=None, catalogue=None):
        self.vector, self.known, self.asked = vector, {}, 0
        for key in [] if features is None else features.index:
            self.known[catalogue.read(key)] = features.loc[key].to_numpy()

    def extract(self, picture):
        self.asked += 1
        return self.known.get(picture, self.vector) if isinstance(picture, bytes) else self.vector


def test_any_extractor_will_do(catalogue, features):
    for _ in range(2):
        own = OwnModel([1, 1], features, catalogue)
        ours = zapsim.SimilarityPredictor(catalogue, features, own)
        assert keys(ours.similar_to(PICTURE, k=2)) == [3, 4]
        features.attrs["extractor"] = {"extractor": "another"}
    matrix = zapsim.SimilarityPredictor(catalogue, features, OwnModel(np.ones((1, 2))))
    with pytest.raises(ValueError, match=r"Received: shape \(1, 2\)"):
        matrix.similar_to(PICTURE)


def test_an_extractor_is_tried_on_the_items_own_pictures_once(catalogue, features):
    own = OwnModel([1, 1], features, catalogue)
    ours = zapsim.SimilarityPredictor(catalogue, 3 * features, own)
    for asked in (2, 3):
        ours.similar_to(PICTURE)
        assert own.asked == asked, "the first item's picture was enough, and is not asked again"
    changed = features - (0.5, -0.5)
    own = OwnModel([1, 1], features, catalogue)
    ours = zapsim.SimilarityPredictor(catalogue, changed, own)
    for asked in (3, 6):
        with pytest.raises(ValueError, match=r"this extractor makes.* at most 0\.87"):
            ours.features_of(PICTURE)
        assert own.asked == asked, "the user's picture does not come into it"
    assert len(ours.similar_to(changed.iloc[0])) == 5
    # One of three that agrees is enough: pictures may have been put in the others' places.
    changed.iloc[-1] = features.iloc[-1]
    assert len(zapsim.SimilarityPredictor(catalogue, changed, own).similar_to(PICTURE)) == 5


def test_what_pandas_keeps_of_an_extractor_is_not_believed(searchable):
    features = zapsim.VGG16Extractor().extract(searchable.catalogue)
    for changed in (features - features.mean(), features / features.std().replace(0, 1)):
        assert changed.attrs == features.attrs
        ours = zapsim.SimilarityPredictor(searchable.catalogue, changed)
        with pytest.raises(ValueError, match="no longer, what this extractor makes"):
            ours.similar_to(PICTURE)
        with pytest.raises(ValueError, match="no longer, what this extractor makes"):
            zapsim.explain(ours, KEYS[0], KEYS[1])


def test_where_the_items_pictures_are_gone_the_extractor_is_believed(catalogue, features):
    ours = zapsim.SimilarityPredictor(catalogue, features, OwnModel([1, 1]))
    for key in KEYS:
        (catalogue.root / key).unlink()
    assert keys(ours.similar_to(PICTURE, k=2)) == [3, 4]


@pytest.mark.parametrize("picture", ["photo.jpg", PICTURE, b"photo"])
def test_vectors_of_unknown_origin_say_what_is_missing(catalogue, features, picture):
    ours = zapsim.SimilarityPredictor(catalogue, features)
    with pytest.raises(ValueError, match="vector of the same space, of 2 numbers.*extractor=…"):
        ours.similar_to(picture)


def test_a_wrong_k_is_refused_before_the_picture_is_looked_at(catalogue, features, tmp_path):
    ours = zapsim.SimilarityPredictor(catalogue, features)
    for wrong in ({"k": 0}, {"diversity": 2}, {"where": {"Brand": "none"}}):
        with pytest.raises(ValueError, match=next(iter(wrong)) + "|No item has Brand"):
            ours.similar_to(tmp_path / "none.jpg", **wrong)


def test_an_open_file_is_a_picture(searchable):
    with open(searchable.catalogue.root / KEYS[2], "rb") as file:
        assert searchable.similar_to(file, k=1).loc[0, "key"] == KEYS[2]


def test_what_a_predictor_is_made_of(catalogue, features):
    make = zapsim.SimilarityPredictor
    with pytest.raises(TypeError, match="catalogue must be a Catalogue, as .* Received: DataFrame"):
        make(features, catalogue)
    with pytest.raises(TypeError, match="catalogue must be a Catalogue.* Received: 'folder'"):
        make("folder", features)
    for wrong in ("block4_pool", zapsim.VGG16Extractor):
        with pytest.raises(
            TypeError, match="extractor must be what made.* Received: ('block4_pool'|type)"
        ):
            make(catalogue, features, wrong)
