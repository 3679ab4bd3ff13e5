// CreateAuthChallenge as an async function.
exports.handler = async (event) => {
  if (event.request.challengeName !== 'CUSTOM_CHALLENGE') {
    return event;
  }
  event.response.publicChallengeParameters = { captchaUrl: 'url/123.jpg' };
  event.response.privateChallengeParameters = { answer: '5' };
  event.response.challengeMetadata = 'CAPTCHA_CHALLENGE';
  return event;
};
