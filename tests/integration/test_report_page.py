"""The page of `varbind report` in a real browser: what it shows, how it is used, and that it runs nothing of others."""

import json
import re
from importlib.resources import files

import pytest
from browser import NARROW, WIDE, errors_of, open_browser, requests_of, require_browser, resize
from integration.runs import COLUMNS, FASTA, GENES, VCF, call
from quick_bank import quick_bank, quick_bank_path
from quick_cases import first_quick

import varbind
from varbind.annotate.settings import AnnotateSettings

KNOWN = "breaks_ETS_1"
SERIOUS = {"serious", "critical"}
HOSTILE = "\"><img src=x onerror=window.ran=1><script>window.ran=1</script><svg onload=window.ran=1>'${7*7}{{7*7}}"


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    require_browser()
    path = tmp_path_factory.mktemp("report") / "annotated.vcf.gz"
    settings = AnnotateSettings(explain=5)
    varbind.annotate_vcf(VCF, path, reference=FASTA, genes=GENES, bank=quick_bank(), settings=settings)
    return path


@pytest.fixture(scope="module")
def page(annotated):
    path = annotated.parent / "report.html"
    done = call("report", annotated, "-f", FASTA, "--bank", quick_bank_path(), "-o", path)
    assert done.code == 0, done.err
    return path


@pytest.fixture(scope="module")
def driver():
    with open_browser() as found:
        yield found


@pytest.fixture
def opened(driver, page):
    """The page as it is when it has been opened."""
    requests_of(driver), errors_of(driver)
    resize(driver, WIDE)
    driver.get(page.as_uri())
    return driver


def find(driver, selector):
    return driver.find_elements("css selector", selector)


def row_of(driver, name):
    (row,) = driver.find_elements("xpath", f"//table[@id='variants']/tbody/tr[contains(., '{name}')]")
    return row


def wait_for(driver, condition):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, 10).until(lambda _: condition())


def open_row(driver, name):
    """Open a row with the keyboard, and return its details."""
    from selenium.webdriver.common.keys import Keys

    button = row_of(driver, name).find_element("css selector", "button.open")
    assert button.get_attribute("aria-expanded") == "false"
    button.send_keys(Keys.ENTER)
    assert button.get_attribute("aria-expanded") == "true"
    return wait_for(
        driver, lambda: next(iter(find(driver, f"#{button.get_attribute('aria-controls')} .sentence")), None)
    )


def shown(driver, selector="th, td"):
    """The texts of the first cell that matches in every row that is shown, as people see them."""
    rows = "[...document.querySelectorAll('#variants > tbody > tr:not(.detail)')].filter(row => row.checkVisibility())"
    return driver.execute_script(f"return {rows}.map(row => row.querySelector(arguments[0]).innerText)", selector)


def shown_rows(driver):
    """The whole text of every row that is shown."""
    rows = "[...document.querySelectorAll('#variants > tbody > tr:not(.detail)')].filter(row => row.checkVisibility())"
    return driver.execute_script(f"return {rows}.map(row => row.innerText)")


def test_the_known_variant_has_a_row_and_both_logos(opened):
    row = row_of(opened, KNOWN)
    assert "EXAMPLE2" in row.text
    assert "Ets-related" in row.text
    sentence = open_row(opened, KNOWN)
    assert re.search(
        r"^Breaks a probable site of Ets-related \(ELK1\) 66 bases upstream of the start of EXAMPLE2; ", sentence.text
    )
    (logos,) = find(opened, ".logos svg")
    labels = {text.text for text in logos.find_elements("css selector", "text")}
    assert {"reference", "alternate", "What ELK1 reads"} <= labels
    assert len(logos.find_elements("css selector", "rect[fill=none]")) == 2, "one box in each logo"
    titles = [title.get_attribute("textContent") for title in find(opened, "tr.detail svg > title")]
    assert len(titles) == 5
    assert find(opened, ".bars .less")
    assert errors_of(opened) == []


def test_nothing_is_requested_but_the_page(opened, page):
    open_row(opened, KNOWN)
    requested = requests_of(opened)
    assert page.as_uri() in requested
    assert set(requested) <= {page.as_uri(), "data:,"}


def test_search_and_filters_by_keyboard(opened):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select

    everything = len(shown_rows(opened))
    search = opened.find_element("id", "search")
    search.send_keys("breaks_ets example2")
    assert [KNOWN in row for row in shown_rows(opened)] == [True]
    assert opened.find_element("id", "count").text == f"1 of {everything} variants shown"
    search.send_keys(Keys.CONTROL, "a")
    search.send_keys("no such gene")
    assert shown_rows(opened) == []
    assert opened.find_element("id", "none").is_displayed()
    opened.find_element("id", "reset").send_keys(Keys.ENTER)
    wait_for(opened, lambda: len(shown_rows(opened)) == everything)
    opened.find_element("id", "least").send_keys("20")
    phreds = list(map(float, shown(opened, "td.number")))
    assert phreds
    assert min(phreds) >= 20
    opened.find_element("id", "reset").send_keys(Keys.ENTER)
    wait_for(opened, lambda: len(shown_rows(opened)) == everything)
    Select(opened.find_element("id", "direction")).select_by_value("higher")
    assert all("higher" in row for row in shown_rows(opened))
    assert 0 < len(shown_rows(opened)) < everything


def test_the_search_finds_what_only_the_details_name(opened):
    row = row_of(opened, KNOWN)
    hidden = [word for word in row.get_attribute("data-words").split() if word not in row.text]
    assert hidden
    opened.find_element("id", "search").send_keys(hidden[-1])
    assert any(KNOWN in text for text in shown_rows(opened))
    assert len(shown_rows(opened)) < len(find(opened, "#variants > tbody > tr"))


def test_details_come_back_with_their_row(opened):
    from selenium.webdriver.common.keys import Keys

    open_row(opened, KNOWN)
    search = opened.find_element("id", "search")
    search.send_keys("no such gene")
    assert not find(opened, "tr.detail")[0].is_displayed()
    search.send_keys(Keys.CONTROL, "a")
    search.send_keys(Keys.DELETE)
    wait_for(opened, find(opened, "tr.detail")[0].is_displayed)


def test_sorting_by_keyboard_takes_details_along(opened):
    from selenium.webdriver.common.keys import Keys

    open_row(opened, KNOWN)
    (heading,) = [th for th in find(opened, "#variants > thead th") if th.text.startswith("PHRED")]
    assert heading.get_attribute("aria-sort") == "descending"
    heading.find_element("css selector", "button").send_keys(Keys.ENTER)
    assert heading.get_attribute("aria-sort") == "ascending"
    values = list(map(float, shown(opened, "td.number")))
    assert values == sorted(values)
    assert values != sorted(values, reverse=True)
    detail = opened.execute_script("return document.querySelector('tr.detail').previousElementSibling.textContent")
    assert KNOWN in detail
    (gene,) = [th for th in find(opened, "#variants > thead th") if th.text.startswith("Gene")]
    gene.find_element("css selector", "button").send_keys(Keys.SPACE)
    genes = shown(opened, ".gene")
    assert genes == sorted(genes)
    assert heading.get_attribute("aria-sort") == "none"


def test_the_theme_can_be_chosen(opened):
    from selenium.webdriver.common.keys import Keys

    button = opened.find_element("id", "theme")

    def ground():
        return opened.execute_script("return getComputedStyle(document.body).backgroundColor")

    before = ground()
    button.send_keys(Keys.ENTER)
    assert ground() != before
    button.send_keys(Keys.ENTER)
    assert ground() == before


@pytest.mark.parametrize(
    ("width", "dark"), first_quick([(WIDE, False), (NARROW, True), (WIDE, True), (NARROW, False)], 1)
)
def test_axe_finds_no_serious_violation(opened, width, dark):
    pytest.importorskip("axe_core_python", reason="needs the package axe-core-python")
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    resize(opened, width)
    if dark:
        opened.find_element("id", "theme").click()
    open_row(opened, KNOWN)
    open_row(opened, "makes_ETS_2")
    opened.execute_script(axe)
    opened.set_script_timeout(60)
    found = opened.execute_async_script("axe.run({resultTypes: ['violations']}).then(arguments[0])")
    assert found["passes"]
    serious = [one for one in found["violations"] if one["impact"] in SERIOUS]
    assert not serious, json.dumps([(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in serious])


@pytest.mark.parametrize("width", first_quick([NARROW, WIDE], 1))
def test_the_page_is_not_wider_than_the_screen(opened, width):
    resize(opened, width)
    open_row(opened, KNOWN)
    wide, screen = opened.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= screen


def test_print_shows_the_table_and_open_details_in_black(opened):
    opened.find_element("id", "theme").click()
    open_row(opened, KNOWN)
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not opened.find_element("id", "search").is_displayed()
        assert row_of(opened, KNOWN).is_displayed()
        assert find(opened, ".logos svg")[0].is_displayed()
        colours = "const style = getComputedStyle(document.body); return [style.color, style.backgroundColor]"
        assert opened.execute_script(colours) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed = opened.execute_cdp_cmd("Page.printToPDF", {})
    assert len(printed["data"]) > 10_000


def test_hostile_texts_do_not_run(driver, tmp_path):
    """In the name of a sample, a gene, a protein, an ID, a filter, a file, a header line and an INFO value."""
    packed = HOSTILE.replace(" ", "%20").replace("=", "%3D").replace(";", "%3B").replace("|", "").replace("&", "")
    keys = {"STATUS": "String", "PHRED": "Float", "LOSS_PHRED": "Float", "BIND_LOSS": "String", "GENE": "String",
            "REGION": "String", "FLAG": "String", "ACTIVITY": "Float", "EXPLAIN": "String"}  # fmt: skip
    lines = ["##fileformat=VCFv4.3", f"##fileDate={HOSTILE}", f"##varbind_annotateCommand={HOSTILE}; Prefix=VARBIND",
             f"##varbind_bank=<ID={HOSTILE},SHA256={HOSTILE},Prefix=VARBIND>"]  # fmt: skip
    lines += [f'##INFO=<ID=VARBIND_{key},Number=A,Type={kind},Description="x">' for key, kind in keys.items()]
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="x">')
    lines.append(f"{COLUMNS.decode()}\tFORMAT\t{HOSTILE}")
    values = {"STATUS": "ok", "PHRED": "31", "LOSS_PHRED": "30", "ACTIVITY": "-1", "FLAG": packed, "REGION": packed,
              "GENE": f"{packed}|g|t|+|-5|x", "BIND_LOSS": f"{packed}|{packed}2|m|-1|-5",
              "EXPLAIN": f"{packed}|0.5"}  # fmt: skip
    info = ";".join(f"VARBIND_{key}={value}" for key, value in values.items())
    name = HOSTILE.replace(" ", "_")
    lines.append("\t".join(["chr1", "5", name, "A", "C", ".", name.replace(";", ""), info, "GT", "0/1"]))
    lines.append(f"chr1\t6\tother\tA\tC\t.\t.\tVARBIND_STATUS={packed}\tGT\t0/1")
    source = tmp_path / "in<b>.vcf"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = call("report", source, "-o", tmp_path / "out.html")
    assert done.code == 0, done.err
    requests_of(driver), errors_of(driver)
    driver.get((tmp_path / "out.html").as_uri())
    open_row(driver, "chr1:5")
    text = driver.find_element("css selector", "body").text
    assert text.count("<script>window.ran=1</script>") >= 8, "the texts are shown as they are"
    assert driver.execute_script("return window.ran") is None
    assert find(driver, "img, svg[onload], tr script, header script") == []
    assert "49" not in text.replace("${7*7}{{7*7}}", "")
    assert set(requests_of(driver)) <= {(tmp_path / "out.html").as_uri(), "data:,"}
    assert errors_of(driver) == []


def test_the_policy_stops_what_would_run(driver, page, tmp_path):
    """Even a page into which a script and an image were written neither runs the one nor requests the other."""
    text = page.read_text(encoding="utf-8")
    text = text.replace("<footer>", "<footer><script>window.ran=1</script><img src=https://example.invalid/x.png>")
    (tmp_path / "changed.html").write_text(text, encoding="utf-8")
    requests_of(driver), errors_of(driver)
    driver.get((tmp_path / "changed.html").as_uri())
    assert driver.execute_script("return window.ran") is None
    assert len([error for error in errors_of(driver) if "Content Security Policy" in error]) == 2
    assert find(driver, "#variants > tbody > tr")
