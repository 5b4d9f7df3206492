"use strict";
// A quiet sound of two tones, by Web Audio. The event "sound:play" plays it; so does a button with data-play-sound.
// A browser allows sound only after the person has clicked or typed on the page once.
(() => {
  const TONES = [[659, 0], [880, 0.18]]; // Hz, seconds after the beginning
  const LOUDNESS = 0.06;
  const TONE_SECONDS = 0.35;
  let context;

  function allowSound() {
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume();
  }

  function playTone(frequency, delay) {
    const begins = context.currentTime + delay;
    const gain = context.createGain();
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(0, begins);
    gain.gain.linearRampToValueAtTime(LOUDNESS, begins + 0.03);
    gain.gain.linearRampToValueAtTime(0, begins + TONE_SECONDS);
    tone.connect(gain).connect(context.destination);
    tone.start(begins);
    tone.stop(begins + TONE_SECONDS);
  }

  function play() {
    if (context?.state === "running") TONES.forEach(([frequency, delay]) => playTone(frequency, delay));
  }

  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, allowSound, { capture: true });
  document.addEventListener("sound:play", play);
  document.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-play-sound]")) return;
    allowSound();
    await context.resume();
    play();
  });
})();
