// The contact form, sent without leaving the page. Without this script it is an ordinary form.
const form = document.getElementById('contact-form');
const summary = document.getElementById('summary');
const sending = document.getElementById('sending');
const send = document.getElementById('send');
const done = document.getElementById('done');
const left = document.getElementById('message-left');
const fields = ['name', 'email', 'company', 'service', 'message'].map((id) => document.getElementById(id));

// The server's answer to the same form, sent twice because the first answer got lost, is the first answer.
let submission = newId();
let busy = false;

// A complaint that appears while the button is being pressed would push the button away from under the finger.
let pressing = false;
send.addEventListener('pointerdown', () => { pressing = true; });
addEventListener('pointerup', () => { pressing = false; });
addEventListener('pointercancel', () => { pressing = false; });

form.noValidate = true;

const missing = {
  name: 'Please tell us your name.',
  email: 'Please give an e-mail address that we can answer to.',
  message: 'Please write a few words.',
};

function problemOf(field) {
  const value = field.value.trim();
  if (field.required && value === '') {
    return missing[field.id];
  }

  if (field.id === 'email' && (field.validity.typeMismatch || (value !== '' && !/^\S+@\S+\.\S+$/.test(value)))) {
    return 'This does not look like an e-mail address, such as ada@example.org.';
  }

  return '';
}

function show(field, problem) {
  const error = document.getElementById(`${field.id}-error`);
  error.textContent = problem;
  error.hidden = problem === '';
  if (problem === '') {
    field.removeAttribute('aria-invalid');
  } else {
    field.setAttribute('aria-invalid', 'true');
  }
}

function labelOf(field) {
  return form.querySelector(`label[for="${field.id}"]`).firstChild.textContent.trim();
}

function summarise(text, wrong = []) {
  const title = document.createElement('p');
  const strong = document.createElement('strong');
  strong.textContent = text;
  title.append(strong);
  summary.replaceChildren(title);
  if (wrong.length > 0) {
    const list = document.createElement('ul');
    for (const field of wrong) {
      const link = document.createElement('a');
      link.href = `#${field.id}`;
      link.textContent = `${labelOf(field)}: ${document.getElementById(`${field.id}-error`).textContent}`;
      link.addEventListener('click', (event) => {
        event.preventDefault();
        field.focus();
      });
      const item = document.createElement('li');
      item.append(link);
      list.append(item);
    }

    summary.append(list);
  }

  summary.hidden = false;
  summary.focus();
}

function refuse(problems) {
  for (const field of fields) {
    show(field, problems[field.id] ?? '');
  }

  const wrong = fields.filter((field) => problems[field.id]);
  summarise(wrong.length === 1 ? 'One field needs your attention.' : `${wrong.length} fields need your attention.`, wrong);
}

function setBusy(value) {
  busy = value;
  send.setAttribute('aria-disabled', String(value));
  send.classList.toggle('busy', value);
  sending.textContent = value ? 'Sending…' : '';
}

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function sentence(text) {
  const trimmed = text.trim();
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? '' : '.');
}

async function failed(answer) {
  const problem = await answer.json().catch(() => ({}));
  const known = {};
  for (const field of fields) {
    const messages = problem.errors?.[field.id];
    if (messages?.length > 0) {
      known[field.id] = messages.map(sentence).join(' ');
    }
  }

  if (Object.keys(known).length > 0) {
    refuse(known);
  } else if (answer.status === 429) {
    const wait = Number(answer.headers.get('Retry-After')) || 1;
    summarise(`That was a little fast. Please send it again in ${wait === 1 ? 'a second' : `${wait} seconds`}; what you wrote is still here.`);
  } else if (answer.status >= 500) {
    summarise('Our service cannot take messages at the moment. What you wrote is still here; please try again soon.');
  } else {
    summarise(`Your message was not taken. ${sentence(problem.detail ?? problem.title ?? 'Please check what you wrote')}`);
  }
}

function succeeded(receipt) {
  form.hidden = true;
  summary.hidden = true;
  document.getElementById('reference').textContent = receipt.contactId;
  document.getElementById('received').textContent = new Date(receipt.timestamp).toLocaleString(
    undefined, { dateStyle: 'long', timeStyle: 'short' });
  done.hidden = false;
  document.getElementById('done-title').focus();
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (busy) {
    return;
  }

  const problems = Object.fromEntries(fields.map((field) => [field.id, problemOf(field)]).filter(([, problem]) => problem !== ''));
  if (Object.keys(problems).length > 0) {
    refuse(problems);
    return;
  }

  fields.forEach((field) => show(field, ''));
  summary.hidden = true;
  setBusy(true);
  const body = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== ''));
  body.userAgent = navigator.userAgent.slice(0, 500);
  body.pageUrl = location.href.slice(0, 500);
  try {
    const answer = await fetch(form.action, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'Idempotency-Key': submission },
      body: JSON.stringify(body),
      credentials: 'omit',
      signal: AbortSignal.timeout(20000),
    });
    if (answer.ok) {
      succeeded(await answer.json());
    } else {
      await failed(answer);
    }
  } catch {
    summarise('Our service could not be reached. What you wrote is still here; please try again.');
  } finally {
    setBusy(false);
  }
});

for (const field of fields) {
  // A field complains when it is left, and is content as soon as it is right.
  field.addEventListener('blur', () => {
    if (!pressing && field.value.trim() !== '') {
      show(field, problemOf(field));
    }
  });
  field.addEventListener('input', () => {
    submission = newId();
    if (field.hasAttribute('aria-invalid') && problemOf(field) === '') {
      show(field, '');
    }
  });
}

const message = document.getElementById('message');
message.addEventListener('input', () => {
  left.textContent = message.value === '' ? '' : `, ${(message.maxLength - message.value.length).toLocaleString('en')} left`;
});

document.getElementById('again').addEventListener('click', () => {
  form.reset();
  left.textContent = '';
  submission = newId();
  done.hidden = true;
  form.hidden = false;
  fields[0].focus();
});
