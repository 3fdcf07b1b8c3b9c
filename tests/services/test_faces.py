"""Files, jobs and imports as browsers, API clients and the command line see them."""

import io
import json
import subprocess
import sys
import threading

import pytest
from PIL import Image

from crm_core import files, jobs, records
from crm_core.jobs.execute import execute
from tests.services import sample_jobs
from tests.services.thing_importer import IMPORTER
from tests.services.things import THINGS

CSV = b"name,size\r\nA,1\r\nB,two\r\nskip,\r\n"


@pytest.fixture
def contributed():
    return [*THINGS, IMPORTER, *sample_jobs.JOBS]


@pytest.fixture
def ann(crm):
    return crm.client_of(crm.user)


def upload(crm, content, name, kind="", **options):
    with crm.as_user(crm.user) as ctx:
        return files.store(ctx, io.BytesIO(content), name, kind, max_bytes=10**6, **options)


def picture(width=50, height=50):
    target = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(target, "JPEG")
    return target.getvalue()


def fetch(client, url, **options):
    """Get an answer that is sent from a file, and close the file."""
    with client.get(url, **options) as answer:
        assert answer.data or answer.status_code == 304
    return answer


def post(client, url, **form):
    return client.post(url, data={"csrf_token": client.csrf, **form}, content_type="multipart/form-data")


def run_job(crm, job_id):
    execute(crm, "test", job_id, threading.Event())


class TestFiles:
    def test_a_picture_is_shown_and_asked_for_each_time(self, crm, ann):
        row = upload(crm, picture(), "Ann's photo.jpg", "image/jpeg", box=(200, 300))
        answer = fetch(ann, f"/files/{row.id}")
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Disposition"].startswith("inline")
        again = fetch(ann, f"/files/{row.id}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304

    @pytest.mark.parametrize(
        ("content", "name", "kind"),
        [
            (b"<html><script>alert(1)</script></html>", "x.html", "text/html"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "x.svg", "image/svg+xml"),
            (b"%PDF-1.7", "x.pdf", "application/pdf"),
        ],
    )
    def test_other_files_are_saved_and_never_shown(self, crm, ann, content, name, kind):
        answer = fetch(ann, f"/files/{upload(crm, content, name, kind).id}")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.mimetype not in ("text/html", "image/svg+xml")
        assert answer.data == content

    def test_ct_08_strangers_and_people_without_access_see_nothing(self, crm, ann):
        row = upload(crm, picture(), "a.jpg", "image/jpeg", box=(200, 300))
        with crm.as_user(crm.user) as ctx:
            records.create(ctx, "test.thing", {"name": "A", "photo": row.id, "visibility": "private"})
        other = crm.client_of(crm.add_user("o@example.com", "Otto Other"))
        assert fetch(ann, f"/files/{row.id}").status_code == 200
        assert other.get(f"/files/{row.id}").status_code == 404
        assert crm.client_of(None).get(f"/files/{row.id}").status_code in (302, 401)
        assert ann.get("/files/99999").status_code == 404

    def test_thumbnails_have_fixed_sizes(self, crm, ann):
        row = upload(crm, picture(200, 100), "a.jpg", "image/jpeg", box=(200, 300))
        answer = fetch(ann, f"/files/{row.id}/thumb/48")
        assert Image.open(io.BytesIO(answer.data)).size == (48, 24)
        assert ann.get(f"/files/{row.id}/thumb/49").status_code == 404


class TestJobs:
    def start(self, crm, name, **args):
        with crm.as_user(crm.user) as ctx:
            return jobs.enqueue(ctx, name, args)

    def test_a_person_sees_progress_and_cancels(self, crm, ann):
        job_id = self.start(crm, "test.count", steps=3)
        page = ann.get(f"/jobs/{job_id}").text
        assert f'hx-get="/jobs/{job_id}/progress"' in page
        assert "every 2s" in page
        assert "Count" in ann.get("/jobs").text
        answer = post(ann, f"/jobs/{job_id}/cancel")
        assert answer.headers["Location"] == f"/jobs/{job_id}"
        part = ann.get(f"/jobs/{job_id}/progress").text
        assert "every 2s" not in part
        assert "Cancelled" in part
        assert post(ann, f"/jobs/{job_id}/retry").status_code == 303
        run_job(crm, job_id)
        assert "step 3" in ann.get(f"/jobs/{job_id}").text

    def test_a_failed_job_says_why(self, crm, ann):
        job_id = self.start(crm, "test.refuse")
        run_job(crm, job_id)
        assert "You may not do this" in ann.get(f"/jobs/{job_id}").text

    def test_everyones_jobs_are_for_administrators(self, crm, ann):
        job_id = self.start(crm, "test.who")
        assert ann.get("/settings/jobs").status_code == 403
        admin = crm.client_of(crm.admin)
        page = admin.get("/settings/jobs").text
        assert f"/jobs/{job_id}" in page
        assert "Ann User" in page
        assert "No worker is running" in page
        assert f"/jobs/{job_id}" not in admin.get("/settings/jobs?state=failed").text
        assert admin.get("/settings/jobs?before=abc&state=x").status_code == 200
        assert crm.client_of(crm.add_user("o@example.com", "Otto")).get(f"/jobs/{job_id}").status_code == 404


class TestImportPages:
    def test_ie_01_upload_map_run_and_read_the_report(self, crm, ann):
        assert 'type="file"' in ann.get("/things/import").text
        answer = post(ann, "/things/import", region="FR", file=(io.BytesIO(CSV), "things.csv"))
        assert answer.status_code == 303
        url = answer.headers["Location"]
        page = ann.get(url).text
        assert 'name="column.0"' in page and '<option value="name" selected>' in page
        assert "two" in page
        assert post(ann, url, do="import", region="FR").headers["Location"] == url
        with crm.as_user(crm.user, write=False) as ctx:
            (job,) = jobs.listing(ctx)
        assert "every 2s" in ann.get(url).text
        run_job(crm, job.id)
        page = ann.get(url).text
        assert "every 2s" not in page
        assert "two is no number" in page
        assert 'data-count="created">1<' in page
        saved = fetch(ann, f"{url}/failed")
        assert saved.headers["Content-Disposition"].startswith("attachment; filename=things-failed.csv")
        assert saved.data.decode("utf-8-sig").splitlines()[1].startswith("B,two,")
        assert f'{url}"' in ann.get("/things/import").text
        assert url in ann.get(f"/jobs/{job.id}").text

    def test_a_trial_is_done_for_real_with_one_click(self, crm, ann):
        url = post(ann, "/things/import", region="FR", file=(io.BytesIO(CSV), "things.csv")).headers["Location"]
        post(ann, url, do="try", region="FR", lenient="1")
        with crm.as_user(crm.user, write=False) as ctx:
            run_job(crm, jobs.listing(ctx)[0].id)
        page = ann.get(url).text
        assert "Trial: nothing is saved" in page
        real = post(ann, f"{url}/again").headers["Location"]
        assert real != url
        with crm.as_user(crm.user, write=False) as ctx:
            run_job(crm, jobs.listing(ctx)[0].id)
        assert 'data-count="created">2<' in ann.get(real).text

    def test_mistakes_are_told_where_they_were_made(self, crm, ann):
        answer = post(ann, "/things/import", region="FR", file=(io.BytesIO(b"a,b\r\n"), "things.csv"))
        assert answer.status_code == 422
        assert "The file has no column name" in answer.text
        assert post(ann, "/things/import", region="France", file=(io.BytesIO(CSV), "a.csv")).status_code == 422
        assert post(ann, "/things/import", region="FR").status_code == 422
        url = post(ann, "/things/import", region="FR", file=(io.BytesIO(CSV), "a.csv")).headers["Location"]
        answer = post(ann, url, do="import", region="x")
        assert answer.status_code == 422
        assert 'name="column.0"' in answer.text

    def test_an_import_is_cancelled(self, crm, ann):
        url = post(ann, "/things/import", region="FR", file=(io.BytesIO(CSV), "a.csv")).headers["Location"]
        assert post(ann, f"{url}/cancel").status_code == 404
        post(ann, url, do="import", region="FR")
        assert post(ann, f"{url}/cancel").status_code == 303
        assert "Cancelled" in ann.get(url).text
        other = crm.client_of(crm.add_user("o@example.com", "Otto"))
        assert other.get(url).status_code == 404
        assert other.get(f"{url}/failed").status_code == 404

    def test_an_entity_without_an_importer_has_no_such_page(self, crm, ann):
        with crm.as_user(crm.user) as ctx:
            others = [e.slug for e in ctx.registry.entities.values() if e.key not in ("test.thing", "contacts.contact")]
        for slug in [*others, "nothings"]:
            assert ann.get(f"/{slug}/import").status_code == 404


class TestImportApi:
    def call(self, crm, method, url, **options):
        headers = {"Authorization": f"Bearer {crm.token_of(crm.user)}"}
        return getattr(crm.wsgi.app.test_client(), method)(f"/api/v1{url}", headers=headers, **options)

    def test_ie_01_a_file_is_sent_and_a_job_answers(self, crm):
        crm.refresh(force=True)
        form = {"file": (io.BytesIO(CSV), "a.csv"), "lenient": "0", "map": ["size="]}
        answer = self.call(crm, "post", "/things/import", data=form)
        assert answer.status_code == 202
        assert answer.headers["Location"] == answer.json["url"] == f"/api/v1/jobs/{answer.json['job']}"
        run_job(crm, answer.json["job"])
        found = self.call(crm, "get", f"/things/import/{answer.json['import']}").json
        assert found["state"] == "done"
        assert found["counts"]["created"] == 1
        assert [(p["line"], p["field"], p["message"]) for p in found["problems"]] == [
            (3, "size", "two is no number"),
            (4, "", "Known already"),
        ]
        only = self.call(crm, "get", f"/things/import/{answer.json['import']}?outcome=skipped").json
        assert [p["line"] for p in only["problems"]] == [4]

    def test_bad_files_and_options_are_problems(self, crm):
        crm.refresh(force=True)
        bad = self.call(crm, "post", "/things/import", data={"file": (io.BytesIO(b"x"), "a.csv")})
        assert (bad.status_code, bad.mimetype) == (422, "application/problem+json")
        assert (
            self.call(
                crm, "post", "/things/import", data={"region": "FR"}, content_type="multipart/form-data"
            ).status_code
            == 422
        )
        form = {"file": (io.BytesIO(CSV), "a.csv"), "map": "no pair"}
        assert self.call(crm, "post", "/things/import", data=form).status_code == 422
        assert self.call(crm, "get", "/things/import/999").status_code == 404


class TestImportCommand:
    def command(self, crm, *args, tmp_path=None):
        code = (
            "import sys; from crm_core import kernel; own = kernel.contributions();"
            "from tests.services.things import THINGS; from tests.services.thing_importer import IMPORTER;"
            "kernel.contributions = lambda: (*own, *THINGS, IMPORTER);"
            "from crm_core.cli import main; sys.argv[0] = 'crm'; main()"
        )
        environment = {
            "CRM_HOME": str(crm.config.home), "PATH": "/usr/bin:/bin", "CRM_WORKER": "manual",
            "CRM_DATABASE_URL": crm.database.url.render_as_string(hide_password=False),
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-c", code, "import", *args], env=environment, capture_output=True, text=True, check=False
        )

    def test_ie_01_a_file_is_imported_in_the_foreground(self, crm, tmp_path):
        path, failed = tmp_path / "things.csv", tmp_path / "failed.csv"
        path.write_bytes(CSV)
        done = self.command(crm, "things", str(path), "--failed-file", str(failed), "--json")
        assert done.returncode == 3, done.stderr
        found = json.loads(done.stdout)
        assert (found["created"], found["skipped"], found["failed"], found["state"]) == (1, 1, 1, "done")
        assert failed.read_text("utf-8-sig").splitlines()[1].startswith("B,two,")
        lenient = self.command(crm, "things", str(path), "--lenient", "--dry-run", "--as", "ann@example.com")
        assert lenient.returncode == 0, lenient.stderr
        assert "Created: 2" in lenient.stdout
        assert self.command(crm, "--resume", str(found["import"])).returncode == 1

    def test_mistakes_are_one_line_and_a_code(self, crm, tmp_path):
        path = tmp_path / "things.csv"
        path.write_bytes(b"a,b\r\n")
        done = self.command(crm, "things", str(path))
        assert (done.returncode, "The file has no column name" in done.stderr) == (1, True)
        assert self.command(crm, "things").returncode == 2
        assert self.command(crm, "nothings", str(path)).returncode == 1
